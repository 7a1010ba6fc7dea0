// RUN: heddle-opt %s --nn-merge-projections --split-input-file --verify-diagnostics --remarks-filter=nn-merge-projections | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @E = 12
!x = tensor<?x8xf32, #nn.axes<B, D>>
!e = tensor<?x12xf32, #nn.axes<B, E>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!we = tensor<12x8xf32, #nn.axes<E, D>>

// Weights and biases one after the other; what has results already keeps their order.
// CHECK-LABEL: func.func @query_key_value
// CHECK-SAME: %[[X:[a-z0-9]*]]: !
// CHECK: %[[L:.*]] = arith.constant 3 : index
// CHECK: %[[W:.*]] = nn.weight "h.{0}.q" then
// CHECK-NEXT: ["h.{0}.k", "h.{0}.v"]
// CHECK-NEXT: of [!D_D, !E_D, !D_plus_E_D][%[[L]]] : !_2xD_plus_2xE_D
// CHECK: %[[BIAS:.*]] = nn.weight "qb" then
// CHECK-NEXT: ["kb", "vb"]
// CHECK-NEXT: of [!D, !E, !D_plus_E] : !_2xD_plus_2xE
// CHECK: %[[Y:.*]]:4 = nn.linear %[[X]], %[[W]] bias %[[BIAS]] contracts 1
// CHECK: return %[[Y]]#0, %[[Y]]#1, %[[Y]]#2, %[[Y]]#3
func.func @query_key_value(%x: !x) -> (!x, !e, !e, !x) attributes {nn.entry} {
  %l = arith.constant 3 : index
  %wq = nn.weight "h.{0}.q" [%l] : !w
  %bq = nn.weight "qb" : tensor<8xf32, #nn.axes<D>>
  // expected-remark @+1 {{merged 3 products of the same input: h.{0}.q, h.{0}.k, h.{0}.v}}
  %q = nn.linear %x, %wq bias %bq contracts 1 : (!x, !w, tensor<8xf32, #nn.axes<D>>) -> !x
  %wk = nn.weight "h.{0}.k" [%l] : !we
  %bk = nn.weight "kb" : tensor<12xf32, #nn.axes<E>>
  %k = nn.linear %x, %wk bias %bk contracts 1 : (!x, !we, tensor<12xf32, #nn.axes<E>>) -> !e
  %wv = nn.weight "h.{0}.v" [%l] : tensor<20x8xf32, #nn.axes<"D+E", D>>
  %bv = nn.weight "vb" : tensor<20xf32, #nn.axes<"D+E">>
  %v, %u = nn.linear %x, %wv bias %bv contracts 1 : (!x, tensor<20x8xf32, #nn.axes<"D+E", D>>, tensor<20xf32, #nn.axes<"D+E">>) -> (!e, !x)
  return %q, %k, %v, %u : !x, !e, !e, !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
nn.size @E = 12
!x = tensor<?x8xf32, #nn.axes<B, D>>
!e = tensor<?x12xf32, #nn.axes<B, E>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!we = tensor<8x12xf32, #nn.axes<D, E>>

// CHECK-LABEL: func.func @stored_the_other_way_round
// CHECK: nn.weight "a" then
// CHECK-NEXT: ["b"]
// CHECK-NEXT: of [!D_E, !D_D] : !D_D_plus_E
// CHECK-NEXT: nn.linear %{{.*}} contracts 1 in_out :
func.func @stored_the_other_way_round(%x: !x) -> (!e, !x) attributes {nn.entry} {
  %wa = nn.weight "a" : !we
  // expected-remark @+1 {{merged 2 products of the same input: a, b}}
  %a = nn.linear %x, %wa contracts 1 in_out : (!x, !we) -> !e
  %wb = nn.weight "b" : !w
  %b = nn.linear %x, %wb contracts 1 in_out : (!x, !w) -> !x
  return %a, %b : !e, !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @not_merged_with_another_input
// CHECK-NOT: then
func.func @not_merged_with_another_input(%x: !x) -> !x attributes {nn.entry} {
  %wa = nn.weight "a" : !w
  %a = nn.linear %x, %wa contracts 1 : (!x, !w) -> !x
  %wb = nn.weight "b" : !w
  %b = nn.linear %a, %wb contracts 1 : (!x, !w) -> !x
  return %b : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @not_merged_when_the_weight_is_read_elsewhere
// CHECK-NOT: then
func.func @not_merged_when_the_weight_is_read_elsewhere(%x: !x) -> (!x, !x) attributes {nn.entry} {
  %wa = nn.weight "a" : !w
  %a = nn.linear %x, %wa contracts 1 : (!x, !w) -> !x
  %wb = nn.weight "b" : !w
  // expected-remark @+1 {{Reason="its weight is read elsewhere too", Remark="not merged with the products of the same input"}}
  %b = nn.linear %x, %wb contracts 1 : (!x, !w) -> !x
  return %a, %b : !x, !x
}
func.func @another_entry(%x: !x) -> !x attributes {nn.entry} {
  %wb = nn.weight "b" : !w
  %b = nn.linear %x, %wb contracts 1 : (!x, !w) -> !x
  return %b : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// The same path in every turn of a loop, whereas another product has one a turn.
// CHECK-LABEL: func.func @not_merged_when_indices_differ
// CHECK-NOT: then
func.func @not_merged_when_indices_differ(%x: !x) -> !x attributes {nn.entry} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %x) -> (!x) {
    %wa = nn.weight "a.{0}" [%l] : !w
    // expected-remark @+1 {{Reason="its weight is reached by other indices", Remark="not merged with the products of the same input"}}
    %a = nn.linear %t, %wa contracts 1 : (!x, !w) -> !x
    %wb = nn.weight "b" : !w
    // expected-remark @+1 {{its weight is reached by other indices}}
    %b = nn.linear %t, %wb contracts 1 : (!x, !w) -> !x
    %y = nn.add %a, %b : (!x, !x) -> !x
    scf.yield %y : !x
  }
  return %r : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!b = tensor<8xf32, #nn.axes<D>>

// CHECK-LABEL: func.func @each_kind_by_itself
// CHECK: nn.weight "a" then
// CHECK-NEXT: ["c"]
// CHECK-NOT: nn.weight "d" then
func.func @each_kind_by_itself(%x: !x, %given: !w) -> (!x, !x, !x, !x, !x, !x) attributes {nn.entry} {
  %wa = nn.weight "a" : !w
  // expected-remark @+1 {{merged 2 products of the same input: a, c}}
  %a = nn.linear %x, %wa contracts 1 : (!x, !w) -> !x
  %wb = nn.weight "b" : !w
  %bias = nn.weight "bias" : !b
  // expected-remark @+1 {{only some of them have a bias}}
  %b = nn.linear %x, %wb bias %bias contracts 1 : (!x, !w, !b) -> !x
  %wc = nn.weight "c" : !w
  %c = nn.linear %x, %wc contracts 1 : (!x, !w) -> !x
  %wd = nn.weight "d" : !w
  // expected-remark @+1 {{its weight is stored the other way round}}
  %d = nn.linear %x, %wd contracts 1 in_out : (!x, !w) -> !x
  %we = nn.weight "e" : !w
  // expected-remark @+1 {{what is done to its result is done to all columns of a product}}
  %e = nn.linear %x, %we contracts 1 then {
  ^bb0(%sum: f32):
    %0 = scalar.relu %sum
    nn.yield %0 : f32
  } : (!x, !w) -> !x
  // expected-remark @+1 {{its weight is computed}}
  %f = nn.linear %x, %given contracts 1 : (!x, !w) -> !x
  return %a, %b, %c, %d, %e, %f : !x, !x, !x, !x, !x, !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 2
nn.size @H = 2
!x = tensor<?x2x2xf32, #nn.axes<B, H, D>>

// CHECK-LABEL: func.func @not_merged_when_other_axes_are_contracted
// CHECK-NOT: then
func.func @not_merged_when_other_axes_are_contracted(%x: !x) -> (tensor<?x2xf32, #nn.axes<B, D>>, !x, !x) attributes {nn.entry} {
  %wa = nn.weight "a" : tensor<2x4xf32, #nn.axes<D, "D*H">>
  // expected-remark @+1 {{it contracts other axes}}
  %a = nn.linear %x, %wa contracts 2 : (!x, tensor<2x4xf32, #nn.axes<D, "D*H">>) -> tensor<?x2xf32, #nn.axes<B, D>>
  %wb = nn.weight "b" : tensor<2x2xf32, #nn.axes<D, D>>
  // expected-remark @+1 {{it contracts other axes}}
  %b = nn.linear %x, %wb contracts 1 : (!x, tensor<2x2xf32, #nn.axes<D, D>>) -> !x
  %wc = nn.weight absolute "c" {kept = "f32"} : tensor<2x2xf32, #nn.axes<D, D>>
  // expected-remark @+1 {{it contracts other axes}}
  %c = nn.linear %x, %wc contracts 1 : (!x, tensor<2x2xf32, #nn.axes<D, D>>) -> !x
  return %a, %b, %c : tensor<?x2xf32, #nn.axes<B, D>>, !x, !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @not_merged_when_stored_otherwise
// CHECK-NOT: then
func.func @not_merged_when_stored_otherwise(%x: !x) -> (!x, !x) attributes {nn.entry} {
  %wa = nn.weight "a" : !w
  // expected-remark @+1 {{its weight is stored in another way}}
  %a = nn.linear %x, %wa contracts 1 : (!x, !w) -> !x
  %wb = nn.weight "b" {storage = "bf16"} : !w
  // expected-remark @+1 {{its weight is stored in another way}}
  %b = nn.linear %x, %wb contracts 1 : (!x, !w) -> !x
  return %a, %b : !x, !x
}
