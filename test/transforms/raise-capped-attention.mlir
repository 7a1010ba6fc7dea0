// Capped scores, c · tanh(s / c), in primitives; raise-attention.mlir has the rest.
// RUN: heddle-opt %s --nn-raise-attention --split-input-file 2>/dev/null | FileCheck %s

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
!s = tensor<?x?x2x?xf32, #nn.axes<B, T, H, S>>
!n = tensor<f32, #nn.axes<>>

// The scale is that of the scores before they are divided by the cap: 0.5 · tanh(4 · q·k).
// CHECK-LABEL: @capped(
// CHECK: nn.attention %{{.*}} scale 2.0 cap 0.5 : (
// CHECK-NOT: nn.tanh
func.func @capped(%q: !q, %k: !k) -> !q {
  %four = nn.constant 4.0 : !n
  %half = nn.constant 0.5 : !n
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.mul %d0, %four : (!s, !n) -> !s
  %d2 = nn.tanh %d1 : !s
  %d3 = nn.mul %d2, %half : (!s, !n) -> !s
  %p = nn.softmax %d3 over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}

// CHECK-LABEL: @capped_at_one(
// CHECK: nn.attention %{{.*}} scale 1.0 cap 1.0 bias {
func.func @capped_at_one(%q: tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>, %k: tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>,
                         %bias: tensor<5x3xf32, #nn.axes<T, S>>) -> tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>> {
  %d0 = nn.dot %q, %k over "K" : (tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %d1 = nn.tanh %d0 : tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %d2 = nn.add %d1, %bias : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>, tensor<5x3xf32, #nn.axes<T, S>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %p = nn.softmax %d2 over "S" : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %a = nn.dot %p, %k over "S" : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>, tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>) -> tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>
  return %a : tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>
}

// CHECK-LABEL: @bias_under_the_cap(
// CHECK: nn.softmax
func.func @bias_under_the_cap(%q: tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>, %k: tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>,
                              %bias: tensor<5x3xf32, #nn.axes<T, S>>) -> tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>> {
  %d0 = nn.dot %q, %k over "K" : (tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>, tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %d1 = nn.add %d0, %bias : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>, tensor<5x3xf32, #nn.axes<T, S>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %d2 = nn.tanh %d1 : tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %p = nn.softmax %d2 over "S" : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>) -> tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>
  %a = nn.dot %p, %k over "S" : (tensor<?x5x2x3xf32, #nn.axes<B, T, H, S>>, tensor<?x3x2x4xf32, #nn.axes<B, S, H, K>>) -> tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>
  return %a : tensor<?x5x2x4xf32, #nn.axes<B, T, H, K>>
}

// CHECK-LABEL: @capped_twice(
// CHECK: nn.softmax
func.func @capped_twice(%q: !q, %k: !k) -> !q {
  %d0 = nn.dot %q, %k over "K" : (!q, !k) -> !s
  %d1 = nn.tanh %d0 : !s
  %d2 = nn.tanh %d1 : !s
  %p = nn.softmax %d2 over "S" : (!s) -> !s
  %a = nn.dot %p, %k over "S" : (!s, !k) -> !q
  return %a : !q
}
