// RUN: heddle-opt %s --nn-assign-layouts --split-input-file | FileCheck %s

nn.size @D = 8
nn.size @E = 12
nn.size @V = 40
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!e = tensor<?x12xf32, #nn.axes<B, E>>
!w = tensor<20x8xf32, #nn.axes<"D+E", D>>

// Results begin panels; a bias and a norm's scale stay plain.
// CHECK-LABEL: func.func @products_read_panels
// CHECK: nn.weight "qk" {layout = #kernel.layout<"panel<32> f32 groups<8, 12>">}
// CHECK: nn.weight "b" :
// CHECK: nn.weight "down" {layout = #kernel.layout<"panel<32> f32 transposed">}
// CHECK: nn.weight "scale" :
func.func @products_read_panels(%x: !x) -> !x attributes {nn.entry} {
  %w = nn.weight "qk" : !w
  %b = nn.weight "b" : tensor<20xf32, #nn.axes<"D+E">>
  %q, %k = nn.linear %x, %w bias %b contracts 1 : (!x, !w, tensor<20xf32, #nn.axes<"D+E">>) -> (!x, !e)
  %d = nn.weight "down" : tensor<12x8xf32, #nn.axes<E, D>>
  %y = nn.linear %k, %d contracts 1 in_out : (!e, tensor<12x8xf32, #nn.axes<E, D>>) -> !x
  %s = nn.weight "scale" : tensor<8xf32, #nn.axes<D>>
  %n = nn.rms_norm %y, %s eps 1.0e-5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  return %n : !x
}

// -----

nn.size @D = 8
nn.size @V = 40
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!ids = tensor<?xi32, #nn.axes<B over V>>
!table = tensor<40x8xf32, #nn.axes<V, D>>
!logits = tensor<?x40xf32, #nn.axes<B, V>>

// CHECK-LABEL: func.func @a_table_tied_to_a_product_lies_in_its_panels
// CHECK: nn.weight "wte" {layout = #kernel.layout<"panel<32> f32">}
// CHECK: nn.weight "wte" {layout = #kernel.layout<"panel<32> f32">}
func.func @a_table_tied_to_a_product_lies_in_its_panels(%ids: !ids) -> !logits attributes {nn.entry} {
  %t = nn.weight "wte" : !table
  %x = nn.embed %ids, %t : (!ids, !table) -> !x
  %w = nn.weight "wte" : !table
  %y = nn.linear %x, %w contracts 1 : (!x, !table) -> !logits
  return %y : !logits
}

// CHECK-LABEL: func.func @a_table_of_its_own_is_plain
// CHECK: nn.weight "wpe" :
func.func @a_table_of_its_own_is_plain(%ids: !ids) -> !x attributes {nn.entry} {
  %t = nn.weight "wpe" : !table
  %x = nn.embed %ids, %t : (!ids, !table) -> !x
  return %x : !x
}

// -----

nn.size @D = 8
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!v = tensor<8xf32, #nn.axes<D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @plain_when_something_else_reads_the_weight
// CHECK: nn.weight "w" :
func.func @plain_when_something_else_reads_the_weight(%x: !x) -> !x attributes {nn.entry} {
  %w = nn.weight "w" : !w
  %e = nn.exp %w : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %z = nn.linear %y, %e contracts 1 : (!x, !w) -> !x
  return %z : !x
}

// CHECK-LABEL: func.func @plain_when_products_disagree
// CHECK: nn.weight "u" :
func.func @plain_when_products_disagree(%x: !x) -> !x attributes {nn.entry} {
  %w = nn.weight "u" : !w
  %y = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %z = nn.linear %y, %w contracts 1 in_out : (!x, !w) -> !x
  return %z : !x
}

// CHECK-LABEL: func.func @plain_without_tokens
// CHECK: nn.weight "s" :
func.func @plain_without_tokens(%x: !v) -> !v attributes {nn.entry} {
  %w = nn.weight "s" : !w
  %y = nn.linear %x, %w contracts 1 : (!v, !w) -> !v
  return %y : !v
}
