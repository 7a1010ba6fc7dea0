// Attention spelled in primitives.
// RUN: heddle-opt %s --nn-raise-attention --split-input-file --verify-diagnostics --remarks-filter=nn-raise-attention | FileCheck %s

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, S, H, V>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!a = tensor<?x?x2x6xf32, #nn.axes<B, T, H, V>>
!n = tensor<f32, #nn.axes<>>

// CHECK-LABEL: @attention(
// CHECK-SAME: %[[Q:.*]]: !B_T_H_K, %[[K:.*]]: !B_S_H_K, %[[V:.*]]: !
func.func @attention(%q: !q, %k: !k, %v: !v) -> !a {
  // CHECK-NEXT: %[[A:.*]] = nn.attention %[[Q]], %[[K]], %[[V]] scale 1.0 : (
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  // CHECK-NEXT: return %[[A]]
  return %a : !a
}

// CHECK-LABEL: @scaled_and_masked(
func.func @scaled_and_masked(%q: !q, %k: !k, %v: !v) -> !a {
  // CHECK: nn.attention %{{.*}} scale 0.5 where {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
  // CHECK-NEXT: arith.cmpi sle, %[[J]], %[[I]]
  %root = nn.constant 2.0 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.div %d0, %root : (!s, !n) -> !s
  %d = nn.mask %d1 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  // CHECK-NOT: nn.mask
  // CHECK: return
  return %a : !a
}

// The other way around, and with the number in front.
// CHECK-LABEL: @masked_then_scaled(
func.func @masked_then_scaled(%q: !q, %k: !k, %v: !v) -> !a {
  // CHECK: nn.attention %{{.*}} scale 0.25 where {
  %s = nn.constant 0.25 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %d = nn.mul %s, %d1 : (!n, !s) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a : !a
}

// -----

!q = tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>

// CHECK-LABEL: @bias_by_position(
// CHECK-SAME: %[[BIAS:[a-z0-9]*]]: !T_S)
func.func @bias_by_position(%q: !q, %k: !k, %bias: tensor<5x3xf32, #nn.axes<T, S>>) -> !q {
  // CHECK: nn.attention %{{.*}} scale 0.5 bias {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
  // CHECK-NEXT: %[[E:.*]] = nn.lookup %[[BIAS]][%[[I]], %[[J]]]
  // CHECK-NEXT: nn.yield %[[E]] : f32
  %half = nn.constant 0.5 : tensor<f32, #nn.axes<>>
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mul %d0, %half : (!s, tensor<f32, #nn.axes<>>) -> !s
  %d = nn.add %d1, %bias : (!s, tensor<5x3xf32, #nn.axes<T, S>>) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!k = tensor<?x?x4xf32, #nn.axes<B, S, K>>
!v = tensor<?x?x6xf32, #nn.axes<B, S, V>>
!s = tensor<?x?x?xf32, #nn.axes<B, T, S>>
!a = tensor<?x?x6xf32, #nn.axes<B, T, V>>

// CHECK-LABEL: @without_heads(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: !
func.func @without_heads(%q: !q, %k: !k, %v: !v) -> !a {
  // CHECK: %[[Q1:.*]] = nn.rearrange %[[Q]] sources {{\[\[}}0], [1], [], [2]] : {{.*}} -> !B_T_1_K
  // CHECK: %[[A:.*]] = nn.attention %[[Q1]],
  // CHECK-NEXT: -> !B_T_1_V
  // CHECK: nn.rearrange %[[A]] sources {{\[\[}}0], [1], [2, 3]] : {{.*}} -> !B_T_V
  %d = nn.dot %q, %k over "K" : (!q, !k) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %v over "S" : (!s, !v) -> !a
  return %a : !a
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>

// Another op: no remark.
// CHECK-LABEL: @softmax_of_no_scores(
func.func @softmax_of_no_scores(%x: !x) -> !x {
  // CHECK: nn.softmax
  %p = nn.softmax %x over "E" : (!x) -> !x
  return %p : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 8 per @B
nn.size @U as @T
!t = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!u = tensor<?x?x2x4xf32, #nn.axes<B, U, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, U>>

// Keys under a second name of the queries' axis: as they were called before, or called so now.
// CHECK-LABEL: @keys_of_the_call(
// CHECK-SAME: %[[Q:.*]]: !B_T_H_K, %[[K:.*]]: !B_T_H_K, %[[V:.*]]: !B_U_H_K)
func.func @keys_of_the_call(%q: !t, %k: !t, %v: !u) -> !t {
  // CHECK-NEXT: %[[W:.*]] = nn.rearrange %[[V]] sources {{\[\[}}0], [1], [2], [3]] : (!B_U_H_K) -> !B_T_H_K
  // CHECK-NEXT: nn.attention %[[Q]], %[[K]], %[[W]] scale 1.0 where {
  %u = nn.rearrange %k sources [[0], [1], [2], [3]] : (!t) -> !u
  %d = nn.dot %q, %u over "K" : (!t, !u) -> !s
  %m = nn.mask %d query "T" key "U" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  // expected-remark @+1 {{raised to attention, with the products around it}}
  %p = nn.softmax %m over "U" : (!s) -> !s
  %a = nn.dot %p, %v over "U" : (!s, !u) -> !t
  // CHECK-NOT: !B_T_H_U
  return %a : !t
}
