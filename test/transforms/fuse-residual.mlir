// RUN: heddle-opt %s --nn-fuse-residual --split-input-file --verify-diagnostics | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>
!b = tensor<8xf32, #nn.axes<D>>

// CHECK-LABEL: func.func @fused_on_either_side
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor
// CHECK: %[[A:.*]] = nn.linear %[[X]], %{{.*}} bias %{{.*}} residual %[[X]] contracts 1 activation relu :
// CHECK: %[[Y:.*]] = nn.linear %{{.*}}, %{{.*}} residual %[[A]] contracts 1 in_out gated
// CHECK-NOT: nn.add
// CHECK: return %[[Y]]
func.func @fused_on_either_side(%x: !x, %w: !w, %b: !b, %both: tensor<8x16xf32, #nn.axes<D, "2*D">>) -> !x {
  %h = nn.linear %x, %w bias %b contracts 1 activation relu : (!x, !w, !b) -> !x
  // expected-remark @+1 {{added within the product}}
  %a = nn.add %x, %h : (!x, !x) -> !x
  %n = nn.relu %a : !x
  %g = nn.linear %n, %both contracts 1 in_out gated : (!x, tensor<8x16xf32, #nn.axes<D, "2*D">>) -> !x
  // expected-remark @+1 {{added within the product}}
  %y = nn.add %g, %a : (!x, !x) -> !x
  return %y : !x
}

// Two products: the later one adds the earlier.
// CHECK-LABEL: func.func @product_added_to_a_product
// CHECK: %[[A:.*]] = nn.linear
// CHECK: nn.linear %{{.*}} residual %[[A]]
func.func @product_added_to_a_product(%x: !x, %w: !w) -> !x {
  %a = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %b = nn.linear %x, %w contracts 1 in_out : (!x, !w) -> !x
  // expected-remark @+1 {{added within the product}}
  %y = nn.add %b, %a : (!x, !x) -> !x
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8x8xf32, #nn.axes<D, D>>

// CHECK-LABEL: func.func @one_residual_a_product
// CHECK-COUNT-1: nn.add
func.func @one_residual_a_product(%x: !x, %w: !w, %z: !x) -> !x {
  %h = nn.linear %x, %w residual %x contracts 1 : (!x, !w, !x) -> !x
  // expected-remark @+1 {{not added within the product: something is added to the product already}}
  %y = nn.add %z, %h : (!x, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_has_several_results
// CHECK: nn.add
func.func @not_fused_when_the_product_has_several_results(%x: !x, %w: tensor<16x8xf32, #nn.axes<"2*D", D>>) -> (!x, !x) {
  %a, %b = nn.linear %x, %w contracts 1 : (!x, tensor<16x8xf32, #nn.axes<"2*D", D>>) -> (!x, !x)
  // expected-remark @+1 {{the product has several results}}
  %y = nn.add %x, %a : (!x, !x) -> !x
  return %y, %b : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_the_product_is_read_twice
// CHECK: nn.add
func.func @not_fused_when_the_product_is_read_twice(%x: !x, %w: !w) -> (!x, !x) {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{the product itself is read elsewhere too}}
  %y = nn.add %x, %h : (!x, !x) -> !x
  return %y, %h : !x, !x
}

// CHECK-LABEL: func.func @not_fused_when_repeated
// CHECK: nn.add
func.func @not_fused_when_repeated(%x: !x, %w: !w, %p: tensor<8xf32, #nn.axes<D>>) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  // expected-remark @+1 {{what is added is repeated along an axis, or the product is}}
  %y = nn.add %h, %p : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @not_fused_without_rows
// CHECK: nn.add
func.func @not_fused_without_rows(%v: tensor<8xf32, #nn.axes<D>>, %w: !w) -> tensor<8xf32, #nn.axes<D>> {
  %h = nn.linear %v, %w contracts 1 : (tensor<8xf32, #nn.axes<D>>, !w) -> tensor<8xf32, #nn.axes<D>>
  // expected-remark @+1 {{the product is no matrix product of f32 rows}}
  %y = nn.add %h, %v : (tensor<8xf32, #nn.axes<D>>, tensor<8xf32, #nn.axes<D>>) -> tensor<8xf32, #nn.axes<D>>
  return %y : tensor<8xf32, #nn.axes<D>>
}

// CHECK-LABEL: func.func @not_fused_when_computed_later
// CHECK: nn.add
func.func @not_fused_when_computed_later(%x: !x, %w: !w) -> !x {
  %h = nn.linear %x, %w contracts 1 : (!x, !w) -> !x
  %r = nn.relu %x : !x
  // expected-remark @+1 {{what is added is computed after the product}}
  %y = nn.add %r, %h : (!x, !x) -> !x
  return %y : !x
}
