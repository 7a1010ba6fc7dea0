// What is said shorter, and what is not because it would no longer be the same.
// RUN: heddle-opt %s --canonicalize | FileCheck %s

!x = tensor<?x3xf32, #nn.axes<B, D>>
!v = tensor<3xf32, #nn.axes<D>>
!s = tensor<f32, #nn.axes<>>

//===--- Elementwise ----------------------------------------------------------------------------------===//

// CHECK-LABEL: @add_of_zero(
// CHECK-SAME: %[[X:.*]]: !
func.func @add_of_zero(%x: !x) -> (!x, !x) {
  %zero = nn.constant 0.0 : !s
  %a = nn.add %x, %zero : (!x, !s) -> !x
  %b = nn.add %zero, %x : (!s, !x) -> !x
  // CHECK-NEXT: return %[[X]], %[[X]]
  return %a, %b : !x, !x
}

// CHECK-LABEL: @zero_is_added_along_a_new_axis(
func.func @zero_is_added_along_a_new_axis(%v: !v) -> tensor<2x3xf32, #nn.axes<A, D>> {
  %zero = nn.constant 0.0 : tensor<2x3xf32, #nn.axes<A, D>>
  // CHECK: nn.add
  %y = nn.add %v, %zero : (!v, tensor<2x3xf32, #nn.axes<A, D>>) -> tensor<2x3xf32, #nn.axes<A, D>>
  return %y : tensor<2x3xf32, #nn.axes<A, D>>
}

// CHECK-LABEL: @sub_of_zero(
// CHECK-SAME: %[[X:.*]]: !
func.func @sub_of_zero(%x: !x) -> (!x, !x) {
  %zero = nn.constant 0.0 : !s
  %a = nn.sub %x, %zero : (!x, !s) -> !x
  // CHECK: %[[B:.*]] = nn.sub
  %b = nn.sub %zero, %x : (!s, !x) -> !x
  // CHECK: return %[[X]], %[[B]]
  return %a, %b : !x, !x
}

// CHECK-LABEL: @mul_by_one(
// CHECK-SAME: %[[X:.*]]: !
func.func @mul_by_one(%x: !x) -> (!x, !x) {
  %one = nn.constant 1.0 : !s
  %a = nn.mul %x, %one : (!x, !s) -> !x
  %b = nn.mul %one, %x : (!s, !x) -> !x
  // CHECK-NEXT: return %[[X]], %[[X]]
  return %a, %b : !x, !x
}

// CHECK-LABEL: @mul_by_another_number(
func.func @mul_by_another_number(%x: !x) -> !x {
  %two = nn.constant 2.0 : !s
  // CHECK: nn.mul
  %a = nn.mul %x, %two : (!x, !s) -> !x
  return %a : !x
}

// CHECK-LABEL: @div_and_pow_by_one(
// CHECK-SAME: %[[X:.*]]: !
func.func @div_and_pow_by_one(%x: !x) -> (!x, !x, !x) {
  %one = nn.constant 1.0 : !s
  %a = nn.div %x, %one : (!x, !s) -> !x
  %b = nn.pow %x, %one : (!x, !s) -> !x
  // CHECK: %[[C:.*]] = nn.div
  %c = nn.div %one, %x : (!s, !x) -> !x
  // CHECK: return %[[X]], %[[X]], %[[C]]
  return %a, %b, %c : !x, !x, !x
}

// As the program would compute it: in f32.
// CHECK-LABEL: @constants(
func.func @constants() -> (!s, !s, !s) {
  %a = nn.constant 64.0 : !s
  %b = nn.constant 0.5 : !s
  %root = nn.pow %a, %b : (!s, !s) -> !s
  %third = nn.constant 3.0 : !s
  %q = nn.div %b, %third : (!s, !s) -> !s
  %m = nn.neg %a : !s
  // CHECK-DAG: %[[ROOT:.*]] = nn.constant 8.0
  // CHECK-DAG: %[[Q:.*]] = nn.constant 0.16666667163372{{[0-9]*}}
  // CHECK-DAG: %[[M:.*]] = nn.constant -64.0
  // CHECK: return %[[ROOT]], %[[Q]], %[[M]]
  return %root, %q, %m : !s, !s, !s
}

// CHECK-LABEL: @neg_of_neg(
// CHECK-SAME: %[[X:.*]]: !
func.func @neg_of_neg(%x: !x) -> !x {
  %a = nn.neg %x : !x
  %b = nn.neg %a : !x
  // CHECK-NEXT: return %[[X]]
  return %b : !x
}

// CHECK-LABEL: @relu_of_relu(
func.func @relu_of_relu(%x: !x) -> !x {
  // CHECK-NEXT: %[[A:.*]] = nn.relu
  %a = nn.relu %x : !x
  %b = nn.relu %a : !x
  // CHECK-NEXT: return %[[A]]
  return %b : !x
}

// CHECK-LABEL: @silu_spelled_out(
// CHECK-SAME: %[[X:.*]]: !
func.func @silu_spelled_out(%x: !x) -> (!x, !x, !x) {
  // CHECK-DAG: %[[A:.*]] = nn.silu %[[X]]
  %s = nn.sigmoid %x : !x
  %a = nn.mul %x, %s : (!x, !x) -> !x
  // CHECK-DAG: %[[B:.*]] = nn.swish %[[X]] beta 1.5
  %beta = nn.constant 1.5 : !s
  %t0 = nn.mul %beta, %x : (!s, !x) -> !x
  %t = nn.sigmoid %t0 : !x
  %b = nn.mul %t, %x : (!x, !x) -> !x
  // The sigmoid of another tensor is a gate.
  // CHECK-DAG: %[[C:.*]] = nn.mul %[[A]], %
  %u = nn.sigmoid %b : !x
  %c = nn.mul %a, %u : (!x, !x) -> !x
  // CHECK: return %[[A]], %[[B]], %[[C]]
  return %a, %b, %c : !x, !x, !x
}

// CHECK-LABEL: @not_silu_when_the_sigmoid_is_read_elsewhere(
func.func @not_silu_when_the_sigmoid_is_read_elsewhere(%x: !x) -> (!x, !x) {
  // CHECK: nn.mul
  %s = nn.sigmoid %x : !x
  %a = nn.mul %x, %s : (!x, !x) -> !x
  return %a, %s : !x, !x
}

// CHECK-LABEL: @swish_of_beta_one(
func.func @swish_of_beta_one(%x: !x) -> (!x, !x) {
  // CHECK-DAG: nn.silu
  %a = nn.swish %x beta 1.0 : !x
  // CHECK-DAG: nn.swish %{{.*}} beta 1.702
  %b = nn.swish %x beta 1.702 : !x
  return %a, %b : !x, !x
}

// CHECK-LABEL: @what_nobody_reads(
func.func @what_nobody_reads(%x: !x) -> !x {
  %w = nn.weight "w" : !v
  %a = nn.mul %x, %w : (!x, !v) -> !x
  // CHECK-NEXT: return
  return %x : !x
}

//===--- Across axes ----------------------------------------------------------------------------------===//

!i = tensor<?x2x3x5xf32, #nn.axes<B, C, P, Q>>

// CHECK-LABEL: @rearrange_to_the_same(
// CHECK-SAME: %[[X:.*]]: !
func.func @rearrange_to_the_same(%x: !i) -> !i {
  %y = nn.rearrange %x sources [[0], [1], [2], [3]] : (!i) -> !i
  // CHECK-NEXT: return %[[X]]
  return %y : !i
}

// CHECK-LABEL: @rearrange_to_another_name(
func.func @rearrange_to_another_name(%x: !v) -> tensor<3xf32, #nn.axes<E>> {
  // CHECK: nn.rearrange
  %y = nn.rearrange %x sources [[0]] : (!v) -> tensor<3xf32, #nn.axes<E>>
  return %y : tensor<3xf32, #nn.axes<E>>
}

// CHECK-LABEL: @rearrange_of_rearrange(
// CHECK-SAME: %[[X:.*]]: !
func.func @rearrange_of_rearrange(%x: !i) -> tensor<?x30xf32, #nn.axes<B, "C*P*Q">> {
  %y = nn.rearrange %x sources [[0], [2, 3], [1]] : (!i) -> tensor<?x15x2xf32, #nn.axes<B, "P*Q", C>>
  // CHECK-NEXT: nn.rearrange %[[X]] sources {{\[\[}}0], [1, 2, 3]]
  %z = nn.rearrange %y sources [[0], [2, 1]] : (tensor<?x15x2xf32, #nn.axes<B, "P*Q", C>>) -> tensor<?x30xf32, #nn.axes<B, "C*P*Q">>
  // CHECK-NEXT: return
  return %z : tensor<?x30xf32, #nn.axes<B, "C*P*Q">>
}

// CHECK-LABEL: @pieces_that_are_the_whole(
// CHECK-SAME: %[[X:.*]]: !
func.func @pieces_that_are_the_whole(%x: !x) -> !x {
  %a = nn.concat %x along 1 : (!x) -> !x
  %b = nn.split %a along 1 : (!x) -> !x
  // CHECK-NEXT: return %[[X]]
  return %b : !x
}

// CHECK-LABEL: @concat_that_repeats(
func.func @concat_that_repeats(%x: !v) -> tensor<2x3xf32, #nn.axes<A, D>> {
  // CHECK: nn.concat
  %a = nn.concat %x along 1 : (!v) -> tensor<2x3xf32, #nn.axes<A, D>>
  return %a : tensor<2x3xf32, #nn.axes<A, D>>
}

//===--- Masks and scores -----------------------------------------------------------------------------===//

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!p = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>

// CHECK-LABEL: @mask_that_admits_all(
// CHECK-SAME: %[[X:.*]]: !
func.func @mask_that_admits_all(%x: !p) -> !p {
  %y = nn.mask %x query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %i, %i : index
    nn.yield %c : i1
  } : (!p) -> !p
  // CHECK-NEXT: return %[[X]]
  return %y : !p
}

// CHECK-LABEL: @attention_with_regions_that_say_nothing(
func.func @attention_with_regions_that_say_nothing(%q: !q) -> !q {
  // CHECK-NEXT: nn.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.0 : (
  %a = nn.attention %q, %q, %q scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.constant true
    nn.yield %c : i1
  } bias {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.constant 0.0 : f32
    nn.yield %c : f32
  } : (!q, !q, !q) -> !q
  return %a : !q
}

// CHECK-LABEL: @attention_that_admits_nothing(
func.func @attention_that_admits_nothing(%q: !q) -> !q {
  // CHECK: nn.attention {{.*}} where
  %a = nn.attention %q, %q, %q scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.constant false
    nn.yield %c : i1
  } : (!q, !q, !q) -> !q
  return %a : !q
}

// A product with a power of two has the same digits before and after the sum.
// CHECK-LABEL: @scaled_query_and_key(
// CHECK-SAME: %[[Q:.*]]: !
func.func @scaled_query_and_key(%q: !q) -> !q {
  %half = nn.constant 0.5 : !s
  %quarter = nn.constant 0.25 : !s
  %a = nn.mul %q, %half : (!q, !s) -> !q
  %b = nn.mul %quarter, %q : (!s, !q) -> !q
  // CHECK: nn.attention %[[Q]], %[[Q]], %[[Q]] scale 0.375
  %y = nn.attention %a, %b, %q scale 3.0 : (!q, !q, !q) -> !q
  return %y : !q
}

// CHECK-LABEL: @query_scaled_by_no_power_of_two(
func.func @query_scaled_by_no_power_of_two(%q: !q) -> !q {
  %third = nn.constant 3.0 : !s
  // CHECK: %[[A:.*]] = nn.mul
  %a = nn.mul %q, %third : (!q, !s) -> !q
  // CHECK: nn.attention %[[A]]
  %y = nn.attention %a, %q, %q scale 1.0 : (!q, !q, !q) -> !q
  return %y : !q
}
