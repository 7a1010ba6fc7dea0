// RUN: heddle-opt %s --nn-quantize="quant=**=q4,h.*.up=q8,h.*.wide=i8,**.plain=f32" --cse | FileCheck %s
// RUN: heddle-opt %s --nn-quantize | FileCheck %s --check-prefix=NONE
// RUN: heddle-opt %s --nn-quantize="stored=h.0.attn=q4_k,h.1.attn=q4_k,h.0.up=q6_k,h.1.up=q6_k quant=h.*.up=q8 wide" --cse | FileCheck %s --check-prefix=STORED
// What the checkpoint stores stays unless a rule fits; activations may be wide.
// STORED-LABEL: func.func private @the_last_rule_that_fits_counts
// STORED-DAG: nn.weight "attn" stored q4_k :
// STORED-DAG: nn.weight "up" stored q8 :
// STORED-DAG: nn.weight "wide" :
// STORED-DAG: nn.narrow %{{.*}} -> !wide_groups_B_D
// NONE-NOT: stored
// NONE-NOT: nn.narrow

nn.size @D = 8
nn.size @V = 40
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!v = tensor<8xf32, #nn.axes<D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!ids = tensor<?xi32, #nn.axes<B over V>>
!table = tensor<40x8xf32, #nn.axes<V, D>>
!logits = tensor<?x40xf32, #nn.axes<B, V>>

// CHECK-LABEL: func.func private @the_last_rule_that_fits_counts
// CHECK-SAME: (%[[X:.*]]: !
func.func private @the_last_rule_that_fits_counts(%x: !x) -> (!x, !x, !x, !x) {
  // CHECK-DAG: %[[A:.*]] = nn.weight "attn" stored q4 :
  // CHECK-DAG: %[[UP:.*]] = nn.weight "up" stored q8 :
  // CHECK-DAG: %[[WIDE:.*]] = nn.weight "wide" stored i8 :
  // CHECK-DAG: %[[PLAIN:.*]] = nn.weight "plain" :
  %a = nn.weight "attn" : !w
  %up = nn.weight "up" : !w
  %wide = nn.weight "wide" : !w
  %plain = nn.weight "plain" : !w
  // Products of q4 and q8 read the same rows.
  // CHECK-DAG: %[[GROUPS:.*]] = nn.narrow %[[X]] contracts 1 : {{.*}} -> !dynamic_groups_B_D
  // CHECK-DAG: %[[ROW:.*]] = nn.narrow %[[X]] contracts 1 : {{.*}} -> !dynamic_rows_B_D
  // CHECK-DAG: nn.linear %[[GROUPS]], %[[A]] contracts 1
  // CHECK-DAG: nn.linear %[[GROUPS]], %[[UP]] contracts 1
  // CHECK-DAG: nn.linear %[[ROW]], %[[WIDE]] contracts 1
  // CHECK-DAG: nn.linear %[[X]], %[[PLAIN]] contracts 1
  %1 = nn.linear %x, %a contracts 1 : (!x, !w) -> !x
  %2 = nn.linear %x, %up contracts 1 : (!x, !w) -> !x
  %3 = nn.linear %x, %wide contracts 1 : (!x, !w) -> !x
  %4 = nn.linear %x, %plain contracts 1 : (!x, !w) -> !x
  return %1, %2, %3, %4 : !x, !x, !x, !x
}

// CHECK-LABEL: func.func @one_code_for_two_layers
func.func @one_code_for_two_layers(%x: !x) -> !x attributes {nn.entry} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %y = scf.for %l = %zero to %two step %one iter_args(%h = %x) -> !x {
    %a, %b, %c, %d = nn.call @the_last_rule_that_fits_counts(%h) at "h.{0}" [%l] : (!x) -> (!x, !x, !x, !x)
    scf.yield %d : !x
  }
  return %y : !x
}

// Contracted axes become one.
// CHECK-LABEL: func.func @two_axes_make_a_row
func.func @two_axes_make_a_row(%x: tensor<?x2x4xf32, #nn.axes<B, H, K>>) -> tensor<?x8xf32, #nn.axes<B, D>> attributes {nn.entry} {
  %w = nn.weight "o" : tensor<8x8xf32, #nn.axes<D, "H*K">>
  // CHECK: nn.narrow %{{.*}} contracts 2 : {{.*}} -> !dynamic_groups_B_HxK
  // CHECK: nn.linear %{{.*}} contracts 1 :
  %y = nn.linear %x, %w contracts 2 : (tensor<?x2x4xf32, #nn.axes<B, H, K>>, tensor<8x8xf32, #nn.axes<D, "H*K">>) -> tensor<?x8xf32, #nn.axes<B, D>>
  return %y : tensor<?x8xf32, #nn.axes<B, D>>
}

// CHECK-LABEL: func.func @only_factors_of_products_with_tokens
func.func @only_factors_of_products_with_tokens(%x: !x, %v: !v) -> (!x, !v) attributes {nn.entry} {
  // CHECK: nn.weight "scale" :
  %s = nn.weight "scale" : !v
  %n = nn.rms_norm %x, %s eps 1.0e-5 : (!x, !v) -> !x
  // CHECK: nn.weight "mixed" :
  %w = nn.weight "mixed" : !w
  %e = nn.exp %w : !w
  %y = nn.linear %n, %w contracts 1 : (!x, !w) -> !x
  // CHECK: nn.weight "of_a_vector" :
  %u = nn.weight "of_a_vector" : !w
  %z = nn.linear %v, %u contracts 1 : (!v, !w) -> !v
  // CHECK-NOT: nn.narrow
  return %y, %z : !x, !v
}

// CHECK-LABEL: func.func @a_table_follows_its_product
func.func @a_table_follows_its_product(%ids: !ids) -> !logits attributes {nn.entry} {
  // CHECK: nn.weight "wte" stored q4
  %t = nn.weight "wte" : !table
  %x = nn.embed %ids, %t : (!ids, !table) -> !x
  // A table of its own has the rule's type too.
  // CHECK: nn.weight "wpe" stored q4 :
  %p = nn.weight "wpe" : !table
  %q = nn.embed %ids, %p : (!ids, !table) -> !x
  %s = nn.add %x, %q : (!x, !x) -> !x
  %y = nn.call @head(%s) at "" : (!x) -> !logits
  return %y : !logits
}

func.func private @head(%x: !x) -> !logits {
  // CHECK: nn.weight "wte" stored q4
  %w = nn.weight "wte" : !table
  %y = nn.linear %x, %w contracts 1 : (!x, !table) -> !logits
  return %y : !logits
}

// CHECK-LABEL: func.func @one_weight_as_table_and_factor
func.func @one_weight_as_table_and_factor(%ids: !ids) -> !logits attributes {nn.entry} {
  // CHECK: nn.weight "lm_head" stored q4
  %w = nn.weight "lm_head" : !table
  %x = nn.embed %ids, %w : (!ids, !table) -> !x
  %y = nn.linear %x, %w contracts 1 : (!x, !table) -> !logits
  return %y : !logits
}
