nn.size @B in 1 to 4
nn.size @D = 5
!x = tensor<?x5xf32, #nn.axes<B, D>>

// CHECK-LABEL: func.func @fused_in_either_order
// CHECK-SAME: %[[X:[a-z0-9]*]]: !
// CHECK: %[[Y:.*]] = nn.mish %[[X]]
// CHECK: %[[Z:.*]] = nn.mish %[[Y]]
// CHECK-NEXT: return %[[Z]]
func.func @fused_in_either_order(%x: !x) -> !x attributes {nn.entry} {
  %s = nn.softplus %x : !x
  %t = nn.tanh %s : !x
  // expected-remark @+1 {{fused to mish}}
  %y = nn.mul %x, %t : (!x, !x) -> !x
  %u = nn.softplus %y : !x
  %v = nn.tanh %u : !x
  // expected-remark @+1 {{fused to mish}}
  %z = nn.mul %v, %y : (!x, !x) -> !x
  return %z : !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 5
!x = tensor<?x5xf32, #nn.axes<B, D>>

// CHECK-LABEL: func.func @not_fused_when_tanh_has_two_users
// CHECK-NOT: nn.mish
func.func @not_fused_when_tanh_has_two_users(%x: !x) -> (!x, !x) attributes {nn.entry} {
  %s = nn.softplus %x : !x
  %t = nn.tanh %s : !x
  // expected-remark @+1 {{something else reads tanh or softplus}}
  %y = nn.mul %x, %t : (!x, !x) -> !x
  return %y, %t : !x, !x
}

// -----

nn.size @B in 1 to 4
nn.size @D = 5
!x = tensor<?x5xf32, #nn.axes<B, D>>

// CHECK-LABEL: func.func @not_fused_with_another_factor
// CHECK-NOT: nn.mish
func.func @not_fused_with_another_factor(%x: !x, %z: !x) -> !x attributes {nn.entry} {
  %s = nn.softplus %x : !x
  %t = nn.tanh %s : !x
  %y = nn.mul %z, %t : (!x, !x) -> !x
  return %y : !x
}
