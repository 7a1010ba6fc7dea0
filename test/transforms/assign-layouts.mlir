// RUN: heddle-opt %s --nn-assign-layouts --split-input-file | FileCheck %s
// RUN: heddle-opt %s --nn-assign-layouts=plain --split-input-file | FileCheck %s --check-prefix=PLAIN

nn.size @D = 8
nn.size @E = 12
nn.size @V = 40
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!e = tensor<?x12xf32, #nn.axes<B, E>>
!w = tensor<20x8xf32, #nn.axes<"D+E", D>>

// Results begin panels; a bias and a norm's scale stay plain.
// CHECK-LABEL: func.func @products_read_panels
// CHECK: nn.weight "qk" layout <"panel<32> f32 groups<8, 12>">
// CHECK: nn.weight "b" :
// CHECK: nn.weight "down" layout <"panel<32> f32 transposed">
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
// CHECK: nn.weight "wte" layout <"panel<32> f32">
// CHECK: nn.weight "wte" layout <"panel<32> f32">
func.func @a_table_tied_to_a_product_lies_in_its_panels(%ids: !ids) -> !logits attributes {nn.entry} {
  %t = nn.weight "wte" : !table
  %x = nn.embed %ids, %t : (!ids, !table) -> !x
  %w = nn.weight "wte" : !table
  %y = nn.linear %x, %w contracts 1 : (!x, !table) -> !logits
  return %y : !logits
}

// CHECK-LABEL: func.func @the_same_weight_as_table_and_factor
// CHECK: nn.weight "both" layout <"panel<32> f32">
func.func @the_same_weight_as_table_and_factor(%ids: !ids) -> !logits attributes {nn.entry} {
  %w = nn.weight "both" : !table
  %x = nn.embed %ids, %w : (!ids, !table) -> !x
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

// -----

nn.size @D = 8
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!r = tensor<?x8x!nn.dynamic<row>, #nn.axes<B, D>>
!g = tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// Quantised types have no other layout than panels.
// CHECK-LABEL: func.func @panels_of_each_type
// PLAIN-LABEL: func.func @panels_of_each_type
func.func @panels_of_each_type(%x: !x, %r: !r, %g: !g) -> (!x, !x, !x, !x) attributes {nn.entry} {
  // CHECK: nn.weight "a" stored i8 layout <"panel<32, 4> i8">
  // PLAIN: nn.weight "a" stored i8 layout <"panel<32, 4> i8">
  %a = nn.weight "a" stored i8 : !w
  // CHECK: nn.weight "b" stored q8 layout <"panel<32, 4> q8">
  // PLAIN: nn.weight "b" stored q8 layout <"panel<32, 4> q8">
  %b = nn.weight "b" stored q8 : !w
  // CHECK: nn.weight "c" stored q4 layout <"panel<32, 4> q4 transposed">
  // PLAIN: nn.weight "c" stored q4 layout <"panel<32, 4> q4 transposed">
  %c = nn.weight "c" stored q4 : !w
  // CHECK: nn.weight "d" layout <"panel<32> f32">
  // PLAIN: nn.weight "d" :
  %d = nn.weight "d" : !w
  %1 = nn.linear %r, %a contracts 1 : (!r, !w) -> !x
  %2 = nn.linear %g, %b contracts 1 : (!g, !w) -> !x
  %3 = nn.linear %g, %c contracts 1 in_out : (!g, !w) -> !x
  %4 = nn.linear %x, %d contracts 1 : (!x, !w) -> !x
  return %1, %2, %3, %4 : !x, !x, !x, !x
}
