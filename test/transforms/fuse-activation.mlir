// RUN: heddle-opt %s --nn-fuse-activation --verify-diagnostics | FileCheck %s

nn.size @D = 8
nn.size @B in 1 to 4

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @fused_when_only_the_activation_reads_the_product
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 activation gelu_tanh
// CHECK-NEXT: return %[[Y]]
func.func @fused_when_only_the_activation_reads_the_product(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{gelu_tanh applied within the product}}
  %y = nn.gelu_tanh %h : !x
  return %y : !x
}

// CHECK-LABEL: func.func @one_activation_is_fused_not_two
// CHECK: %[[H:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 activation silu
// CHECK-NEXT: nn.tanh %[[H]]
func.func @one_activation_is_fused_not_two(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{silu applied within the product}}
  %a = nn.silu %h : !x
  %y = nn.tanh %a : !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_is_read_twice
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 :
// CHECK: nn.relu
func.func @not_fused_when_the_product_is_read_twice(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %a = nn.relu %h : !x
  %y = nn.add %h, %a : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_has_several_results
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 :
// CHECK: nn.sigmoid
func.func @not_fused_when_the_product_has_several_results(%x: !x) -> !x {
  %w = nn.weight "w" : tensor<16x8xf32, #nn.axes<"2*D", D>>
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<16x8xf32, #nn.axes<"2*D", D>>) -> (!x, !x)
  %s = nn.sigmoid %a : !x
  %y = nn.mul %s, %b : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_no_activation_reads_the_product
// CHECK: nn.linear %{{.*}}, %{{.*}} contracts 1 :
// CHECK: nn.exp
func.func @not_fused_when_no_activation_reads_the_product(%x: !x) -> !x {
  %w = nn.weight "w" : !w
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %y = nn.exp %h : !x
  return %y : !x
}
