// RUN: heddle-opt %s --nn-unfuse | FileCheck %s

nn.size @B in 1 to 4
nn.size @D = 8
!x = tensor<?x8xf32, #nn.axes<B, D>>
!b = tensor<16xf32, #nn.axes<"2*D">>
!both = tensor<16x8xf32, #nn.axes<"2*D", D>>

// The gate is the first half; the residual comes last, and weights lie plain.
// CHECK-LABEL: func.func @gate_and_residual
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<{{[^,]*}}, #nn.axes<B, D>>, %[[R:[a-z0-9]*]]: tensor
// CHECK: %[[W:.*]] = nn.weight "w" :
// CHECK: %[[H:.*]]:2 = nn.linear %[[X]], %[[W]] bias %{{.*}} contracts 1 :
// CHECK-NEXT: %[[A:.*]] = nn.silu %[[H]]#0
// CHECK-NEXT: %[[M:.*]] = nn.mul %[[A]], %[[H]]#1
// CHECK-NEXT: %[[Y:.*]] = nn.add %[[R]], %[[M]]
// CHECK-NEXT: return %[[Y]]
func.func @gate_and_residual(%x: !x, %r: !x, %b: !b) -> !x {
  %w = nn.weight "w" {layout = #kernel.layout<"panel<32> f32 paired">} : !both
  %y = nn.linear %x, %w bias %b residual %r contracts 1 gated activation silu : (!x, !both, !b, !x) -> !x
  return %y : !x
}

// An activation without a gate stays with its product.
// CHECK-LABEL: func.func @residual_alone
// CHECK: %[[H:.*]] = nn.linear %{{.*}}, %{{.*}} contracts 1 activation gelu :
// CHECK-NEXT: %[[Y:.*]] = nn.add %{{.*}}, %[[H]]
// CHECK-NEXT: return %[[Y]]
func.func @residual_alone(%x: !x, %w: tensor<8x8xf32, #nn.axes<D, D>>) -> !x {
  %y = nn.linear %x, %w residual %x contracts 1 activation gelu : (!x, tensor<8x8xf32, #nn.axes<D, D>>, !x) -> !x
  return %y : !x
}

// CHECK-LABEL: func.func @bilinear
// CHECK: %[[H:.*]]:2 = nn.linear
// CHECK-NEXT: nn.mul %[[H]]#0, %[[H]]#1
// CHECK-NOT: nn.add
func.func @bilinear(%x: !x, %w: !both) -> !x {
  %y = nn.linear %x, %w contracts 1 gated : (!x, !both) -> !x
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
