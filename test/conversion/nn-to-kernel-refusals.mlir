// What kernels cannot compute is lowered to linalg, with a remark.
// RUN: heddle-opt %s --nn-plan-memory --nn-to-kernel --verify-diagnostics --remarks-filter=nn-to-kernel | FileCheck %s

nn.size @B = 4
nn.size @C = 3
nn.size @D = 8
nn.size @P = 2
nn.size @Y = 9
nn.size @X = 5
nn.size @T = 5
nn.size @S = 6
nn.size @H = 6
nn.size @G = 2
nn.size @K = 8
nn.size @R in 1 to 4
nn.size @Z = 13

!q = tensor<4x5x6x8xf32, #nn.axes<B, T, H, K>>
!k = tensor<4x6x2x8xf32, #nn.axes<B, S, G, K>>

// CHECK-LABEL: func.func @convolution_without_rows(
// CHECK-NOT: kernel.windows
func.func @convolution_without_rows(%x: tensor<4x3x9x5xf32, #nn.axes<B, C, Y, X>>)
    -> tensor<4x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">> attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>
  %b = nn.weight "c.b" : tensor<8xf32, #nn.axes<D>>
  // expected-remark @+1 {{[Missed] convolution-as-product | Category:nn-to-kernel | Reason="the image has no axis of rows", Remark="convolution is not a product"}}
  %y = nn.conv %x, %w bias %b stride [1, 1] pad [0, 0] dilation [1, 1]
    : (tensor<4x3x9x5xf32, #nn.axes<B, C, Y, X>>, tensor<8x3x2x2xf32, #nn.axes<D, C, P, P>>, tensor<8xf32, #nn.axes<D>>)
    -> tensor<4x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
  return %y : tensor<4x8x8x4xf32, #nn.axes<B, D, "Y-1", "X-1">>
}

// CHECK-LABEL: func.func @kernel_smaller_than_the_stride(
// CHECK-NOT: kernel.windows
func.func @kernel_smaller_than_the_stride(%x: tensor<?x3x5xf32, #nn.axes<R, C, X>>) -> tensor<?x8x13xf32, #nn.axes<R, D, Z>>
    attributes {nn.entry} {
  %w = nn.weight "c.w" : tensor<3x8x1xf32, #nn.axes<C, D, "1">>
  // expected-remark @+1 {{[Missed] convolution-as-product | Category:nn-to-kernel | Reason="the kernel leaves out places of the result", Remark="convolution is not a product"}}
  %y = nn.conv transposed %x, %w stride [3] pad [0] dilation [1]
    : (tensor<?x3x5xf32, #nn.axes<R, C, X>>, tensor<3x8x1xf32, #nn.axes<C, D, "1">>) -> tensor<?x8x13xf32, #nn.axes<R, D, Z>>
  return %y : tensor<?x8x13xf32, #nn.axes<R, D, Z>>
}

// CHECK-LABEL: func.func @attention_without_rows(
// CHECK-NOT: kernel.attention
func.func @attention_without_rows(%q: !q, %k: !k) -> !q attributes {nn.entry} {
  // expected-remark @+1 {{[Missed] attention-kernel | Category:nn-to-kernel | Reason="an operand has no axis of rows", Remark="attention is not fused"}}
  %y = nn.attention %q, %k, %k scale 1.0 : (!q, !k, !k) -> !q
  return %y : !q
}
