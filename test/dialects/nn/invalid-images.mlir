// Constraints of ops on images, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C1
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{weight D C P does not map channels of B C X to those of B E X/2}}
  %y = nn.conv %x, %w stride 2 pad 0 : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, E, "X/2">>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{result axis Z is not the convolved X}}
  %y = nn.conv %x, %w stride 2 pad 0 : (!x, !w) -> tensor<?x5x5xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{cannot stride by 0 and pad by 0}}
  %y = nn.conv %x, %w stride 0 pad 0 : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
!b = tensor<3xf32, #nn.axes<C>>
// nn.conv C3
func.func @f(%x: !x, %w: !w, %b: !b) {
  // expected-error @+1 {{bias needs the axis D}}
  %y = nn.conv %x, %w bias %b stride 2 pad 0 : (!x, !w, !b) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C1
func.func @f(%x: !x) {
  // expected-error @+1 {{result axis X needs to be}}
  %y = nn.pool max %x by 2 : (!x) -> !x
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C1
func.func @f(%x: !x) {
  // expected-error @+1 {{cannot scale by 0}}
  %y = nn.pool max %x by 0 : (!x) -> !x
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.upsample C1
func.func @f(%x: !x) {
  // expected-error @+1 {{rows and channels need to stay}}
  %y = nn.upsample nearest %x by 2 : (!x) -> tensor<?x6x16xf32, #nn.axes<B, "2*C", "2*X">>
  return
}
