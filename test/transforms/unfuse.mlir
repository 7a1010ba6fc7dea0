// RUN: heddle-opt %s --nn-unfuse | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!both = tensor<16x8xf32, #nn.axes<"2*D", D>>

// Weights lie plain; the product stays what it is.
// CHECK-LABEL: func.func @layout
// CHECK: nn.weight "w" : !
// CHECK: nn.linear %{{.*}} with %{{.*}} contracts 1 paired then {
func.func @layout(%x: !x, %r: !x) -> !x {
  %w = nn.weight "w" layout <"panel<32> f32 paired"> : !both
  %y = nn.linear %x, %w with %r contracts 1 paired then {
  ^bb0(%sum: f32, %second: f32, %residual: f32):
    %0 = arith.mulf %sum, %second : f32
    %1 = arith.addf %residual, %0 : f32
    nn.yield %1 : f32
  } : (!x, !both, !x) -> !x
  return %y : !x
}

// Every expert sees all tokens.
func.func private @expert(%x: !x) -> !x {
  %y = nn.relu %x : !x
  return %y : !x
}
// CHECK-LABEL: func.func @experts
// CHECK: nn.route @expert({{.*}}) by {{.*}} of 4 at "e.{0}"
func.func @experts(%x: !x, %chosen: tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>> {
  %y = nn.route @expert(%x) by %chosen of 4 grouped at "e.{0}" : (!x, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x8xf32, #nn.axes<B, A, D>>
  return %y : tensor<?x2x8xf32, #nn.axes<B, A, D>>
}
