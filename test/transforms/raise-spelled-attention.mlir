// What else attention may be spelled with: scales, masks and biases in any order and number, grouped queries, sums over the
// depth that are no product. raise-attention.mlir has the plain forms.
// RUN: heddle-opt %s --nn-raise-attention --split-input-file 2>/dev/null | FileCheck %s

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>
!h = tensor<2xf32, #nn.axes<H>>
!w = tensor<?x2x?xf32, #nn.axes<B, H, S>>

// Cosine attention's scale, one a head, goes to the queries.
// CHECK-LABEL: @scaled_by_a_weight(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: !B_T_H_K, %[[K:[a-z0-9]*]]: !B_S_H_K, %[[H:[a-z0-9]*]]: !H)
// CHECK: %[[M:.*]] = nn.mul %[[Q]], %[[H]]
// CHECK: %[[D:.*]] = nn.div %[[M]], %[[H]]
// CHECK: nn.attention %[[D]], %[[K]], %[[K]] scale 3.0 : (
func.func @scaled_by_a_weight(%q: !q, %k: !k, %h: !h) -> !q {
  %three = nn.constant 3.0 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.div %d0, %h : (!s, !h) -> !s
  %d2 = nn.mul %d1, %three : (!s, !n) -> !s
  %d = nn.mul %h, %d2 : (!h, !s) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// CHECK-LABEL: @negated(
// CHECK: nn.attention %{{.*}} scale -2.0 : (
func.func @negated(%q: !q, %k: !k) -> !q {
  %two = nn.constant 2.0 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.neg %d0 : !s
  %d = nn.mul %d1, %two : (!s, !n) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// CHECK-LABEL: @masked_twice(
// CHECK: nn.attention %{{.*}} where {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index, %[[J:.*]]: index):
// CHECK-NEXT: %[[A:.*]] = arith.cmpi sge, %[[J]], %[[I]]
// CHECK-NEXT: %[[B:.*]] = arith.cmpi sle, %[[J]], %[[I]]
// CHECK-NEXT: %[[C:.*]] = arith.andi %[[A]], %[[B]]
// CHECK-NEXT: nn.yield %[[C]]
func.func @masked_twice(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mask %d0 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %d = nn.mask %d1 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sge, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// (2 q·k − |k|²) / 4: a bias of every key, and one of every query, which changes no weight.
// CHECK-LABEL: @biases(
// CHECK-SAME: %[[KK:[a-z0-9]*]]: !B_H_S, %[[QQ:[a-z0-9]*]]: !B_T_H)
// CHECK-NOT: %[[QQ]]
// CHECK: nn.attention %{{.*}} scale 0.5 bias {
// CHECK-NEXT: ^bb0(%[[R:.*]]: index, %[[H:.*]]: index, %{{.*}}: index, %[[J:.*]]: index):
// CHECK: %[[E:.*]] = nn.lookup %[[KK]][%[[R]], %[[H]], %[[J]]]
// CHECK: %[[F:.*]] = arith.constant -2.5
// CHECK: %[[M:.*]] = arith.mulf %[[E]], %[[F]]
// CHECK: nn.yield %[[M]]
func.func @biases(%q: !q, %k: !k, %kk: !w, %qq: tensor<?x?x2xf32, #nn.axes<B, T, H>>) -> !q {
  %two = nn.constant 2.0 : !n
  %four = nn.constant 4.0 : !n
  %ten = nn.constant 10.0 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mul %two, %d0 : (!n, !s) -> !s
  %d2 = nn.sub %qq, %d1 : (tensor<?x?x2xf32, #nn.axes<B, T, H>>, !s) -> !s
  %d3 = nn.neg %d2 : !s
  %d4 = nn.div %d3, %ten : (!s, !n) -> !s
  %d5 = nn.sub %d4, %kk : (!s, !w) -> !s
  %d6 = nn.mul %d5, %ten : (!s, !n) -> !s
  %d = nn.div %d6, %four : (!s, !n) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// CHECK-LABEL: @sum_of_two_products(
// CHECK: %[[D:.*]] = nn.dot
// CHECK: nn.attention %{{.*}} scale 1.0 bias {
// CHECK: nn.lookup %[[D]]
func.func @sum_of_two_products(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %e0 = nn.exp %q : !q
  %e = nn.dot %e0, %k over "K" : (!q, !k) -> !s
  %d = nn.add %d0, %e : (!s, !s) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x3x4xf32, #nn.axes<B, T, G, R, K>>
!k = tensor<?x5x2x4xf32, #nn.axes<B, S, G, K>>
!b = tensor<2x3x5xf32, #nn.axes<G, R, S>>
!s = tensor<?x?x2x3x5xf32, #nn.axes<B, T, G, R, S>>

// The heads of one key head stand side by side.
// CHECK-LABEL: @grouped(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: !B_T_G_R_K, %[[K:[a-z0-9]*]]: !B_S_G_K, %[[BIAS:[a-z0-9]*]]: !
// CHECK: %[[M:.*]] = nn.rearrange %[[Q]] sources {{\[\[}}0], [1], [2, 3], [4]]
// CHECK: %[[A:.*]] = nn.attention %[[M]], %[[K]], %[[K]] scale 1.0 bias {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %[[H:.*]]: index, %{{.*}}: index, %{{.*}}: index):
// CHECK: %[[G:.*]] = arith.divui %[[H]], %[[THREE:.*]] :
// CHECK: %[[R:.*]] = arith.remui %[[H]],
// CHECK: nn.lookup %[[BIAS]][%[[G]], %[[R]], %{{.*}}]
// CHECK: %[[E:.*]] = nn.expand %[[A]] along 2
// CHECK: return %[[E]]
func.func @grouped(%q: !q, %k: !k, %bias: !b) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d = nn.add %d0, %bias : (!s, !b) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x4xf32, #nn.axes<B, S, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>

// CHECK-LABEL: @one_key_head(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: !B_T_H_K, %[[K:[a-z0-9]*]]: !B_S_K)
// CHECK: %[[K1:.*]] = nn.rearrange %[[K]] sources {{\[\[}}0], [1], [], [2]]
// CHECK: nn.attention %[[Q]], %[[K1]],
func.func @one_key_head(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %p = nn.softmax %d0 over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!p = tensor<?x?x?x2x4xf32, #nn.axes<B, T, S, H, K>>
!r = tensor<?x?x?x2xf32, #nn.axes<B, T, S, H>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

// CHECK-LABEL: @distances(
// CHECK: nn.attention %{{.*}} scale -0.5 score {
// CHECK-NEXT: ^bb0(%[[Q:.*]]: f32, %[[K:.*]]: f32):
// CHECK-NEXT: %[[D:.*]] = arith.subf %[[Q]], %[[K]]
// CHECK-NEXT: %[[S:.*]] = arith.mulf %[[D]], %[[D]]
// CHECK-NEXT: nn.yield %[[S]]
// CHECK-NOT: !B_T_S_H_K
func.func @distances(%q: !q, %k: !k) -> !q {
  %two = nn.constant 2.0 : !n
  %e0 = nn.sub %q, %k : (!q, !k) -> !p
  %e = nn.mul %e0, %e0 : (!p, !p) -> !p
  %d0 = nn.reduce sum %e over "K" : (!p) -> !r
  %d1 = nn.neg %d0 : !r
  %d2 = nn.div %d1, %two : (!r, !n) -> !r
  %p = nn.softmax %d2 over "S" : (!r) -> !r
  %a = nn.dot %p, %k over "S" : (!r, !k) -> !q
  return %a : !q
}

// Bahdanau's scores, in the order that masks need.
// CHECK-LABEL: @additive(
// CHECK-SAME: %[[V:[a-z0-9]*]]: !H_K)
// CHECK: nn.attention %{{.*}} with %[[V]] scale 1.0 score {
// CHECK-NEXT: ^bb0(%[[Q:.*]]: f32, %[[K:.*]]: f32, %[[E:.*]]: f32):
// CHECK-NEXT: %[[A:.*]] = arith.addf %[[Q]], %[[K]]
// CHECK: %[[B:.*]] = math.tanh %[[A]]
// CHECK: %[[C:.*]] = arith.mulf %[[E]], %[[B]]
// CHECK-NEXT: nn.yield %[[C]]
// CHECK: } where {
func.func @additive(%q: !q, %k: !k, %v: tensor<2x4xf32, #nn.axes<H, K>>) -> !q {
  %e0 = nn.add %q, %k : (!q, !k) -> !p
  %e1 = nn.tanh %e0 : !p
  %e = nn.mul %v, %e1 : (tensor<2x4xf32, #nn.axes<H, K>>, !p) -> !p
  %d0 = nn.reduce sum %e over "K" : (!p) -> !r
  %d1 = nn.rearrange %d0 sources [[0], [1], [3], [2]] : (!r) -> !s
  %d = nn.mask %d1 query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  %p = nn.softmax %d over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// What is done to the scores before their axes are put in the order that masks need: factors, and biases by the names of their
// axes.
// CHECK-LABEL: @negated_before_the_order_of_axes(
// CHECK-SAME: %[[W:[a-z0-9]*]]: !B_S_H)
// CHECK: nn.attention %{{.*}} scale -0.5 score {
// CHECK: } bias {
// CHECK-NEXT: ^bb0(%[[ROW:.*]]: index, %[[HEAD:.*]]: index, %{{.*}}: index, %[[KEY:.*]]: index):
// CHECK-NEXT: nn.lookup %[[W]][%[[ROW]], %[[KEY]], %[[HEAD]]]
// CHECK-NOT: !B_T_S_H
func.func @negated_before_the_order_of_axes(%q: !q, %k: !k, %w: tensor<?x?x2xf32, #nn.axes<B, S, H>>) -> !q {
  %zero = nn.constant 0.0 : !n
  %two = nn.constant 2.0 : !n
  %e0 = nn.sub %q, %k : (!q, !k) -> !p
  %e = nn.mul %e0, %e0 : (!p, !p) -> !p
  %d0 = nn.reduce sum %e over "K" : (!p) -> !r
  %d1 = nn.div %d0, %two : (!r, !n) -> !r
  %d2 = nn.sub %zero, %d1 : (!n, !r) -> !r
  %d3 = nn.add %d2, %w : (!r, tensor<?x?x2xf32, #nn.axes<B, S, H>>) -> !r
  %d4 = nn.rearrange %d3 sources [[0], [1], [3], [2]] : (!r) -> !s
  %p = nn.softmax %d4 over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}
