// Constraints of ops on images, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C1
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{weight D C P does not map channels of B C X to those of B E X/2}}
  %y = nn.conv %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, E, "X/2">>
  return
}

// -----

!x = tensor<?x5x4xf32, #nn.axes<B, D, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C1
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{weight D C P does not map channels of B D X to those of B E 2*X}}
  %y = nn.conv transposed %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x5x8xf32, #nn.axes<B, E, "2*X">>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{cannot stride by [0], pad by [0] and dilate by [1] along 1 axes}}
  %y = nn.conv %x, %w stride [0] pad [0] dilation [1] : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{cannot stride by [2], pad by [0, 0] and dilate by [1] along 1 axes}}
  %y = nn.conv %x, %w stride [2] pad [0, 0] dilation [1] : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C3
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{result axis Z is not the convolved X}}
  %y = nn.conv %x, %w stride [2] pad [0] dilation [2] : (!x, !w) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x?xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x4xf32, #nn.axes<D, C, "4">>
// nn.conv C3: (X − 4) / 2 + 1, or with a 3 in the place of the 4 the same rounded down
func.func @f(%x: !x, %w: !w) {
  %y = nn.conv %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x5x?xf32, #nn.axes<B, D, "X/2-1">>
  // expected-error @+1 {{result axis X/2 is not the convolved X}}
  %z = nn.conv %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x5x?xf32, #nn.axes<B, D, "X/2">>
  return
}

// -----

!x = tensor<?x5x4xf32, #nn.axes<B, D, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
// nn.conv C3: from 8 to less than 10
func.func @f(%x: !x, %w: !w) {
  %y = nn.conv transposed %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x3x9xf32, #nn.axes<B, C, "2*X+1">>
  // expected-error @+1 {{result axis 2*X+2 is not the convolved X}}
  %z = nn.conv transposed %x, %w stride [2] pad [0] dilation [1] : (!x, !w) -> tensor<?x3x10xf32, #nn.axes<B, C, "2*X+2">>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
!b = tensor<3xf32, #nn.axes<C>>
// nn.conv C4
func.func @f(%x: !x, %w: !w, %b: !b) {
  // expected-error @+1 {{bias needs the axis D}}
  %y = nn.conv %x, %w bias %b stride [2] pad [0] dilation [1] : (!x, !w, !b) -> tensor<?x5x4xf32, #nn.axes<B, D, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
!y = tensor<?x5x4xf32, #nn.axes<B, D, Z>>
// nn.conv C5
func.func @f(%x: !x, %w: !w, %r: !y) {
  // expected-error @+1 {{with operands needs an epilogue}}
  %y = nn.conv %x, %w with %r stride [2] pad [0] dilation [1] : (!x, !w, !y) -> !y
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
!y = tensor<?x5x4xf32, #nn.axes<B, D, Z>>
!r = tensor<4xf32, #nn.axes<Z>>
// nn.conv C5
func.func @f(%x: !x, %w: !w, %r: !r) {
  // expected-error @+1 {{needs to be f32 over [B D Z] or [D]}}
  %y = nn.conv %x, %w with %r stride [2] pad [0] dilation [1] then {
  ^bb0(%sum: f32, %other: f32):
    nn.yield %other : f32
  } : (!x, !w, !r) -> !y
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
!w = tensor<5x3x2xf32, #nn.axes<D, C, P>>
!y = tensor<?x5x4xf32, #nn.axes<B, D, Z>>
// nn.conv C6
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{the epilogue needs one block with 1 arguments of f32}}
  %y = nn.conv %x, %w stride [2] pad [0] dilation [1] then {
  ^bb0(%sum: f32, %other: f32):
    nn.yield %other : f32
  } : (!x, !w) -> !y
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C1
func.func @f(%x: !x) {
  // expected-error @+1 {{cannot pool windows of [3] with a stride of [1] and a pad of [2] along 1 axes}}
  %y = nn.pool max %x window [3] stride [1] pad [2] : (!x) -> tensor<?x3x10xf32, #nn.axes<B, C, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C2: two windows and a half
func.func @f(%x: !x) {
  %d = nn.pool max %x window [3] stride [3] pad [0] : (!x) -> tensor<?x3x2xf32, #nn.axes<B, C, Z>>
  %u = nn.pool max %x window [3] stride [3] pad [0] : (!x) -> tensor<?x3x3xf32, #nn.axes<B, C, Z>>
  // expected-error @+1 {{result axis Z is not the pooled X}}
  %y = nn.pool max %x window [3] stride [3] pad [0] : (!x) -> tensor<?x3x4xf32, #nn.axes<B, C, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C2: the third window would begin behind the end
func.func @f(%x: !x) {
  // expected-error @+1 {{result axis Z is not the pooled X}}
  %y = nn.pool max %x window [1] stride [4] pad [0] : (!x) -> tensor<?x3x3xf32, #nn.axes<B, C, Z>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C2
func.func @f(%x: !x) {
  // expected-error @+1 {{rows and channels need to stay}}
  %y = nn.pool max %x window [2] stride [2] pad [0] : (!x) -> tensor<?x4x4xf32, #nn.axes<B, D, "X/2">>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.pool C3
func.func @f(%x: !x) {
  // expected-error @+1 {{only an average counts the pad}}
  %y = nn.pool max %x window [3] stride [1] pad [1] counts_pad : (!x) -> !x
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.upsample C1
func.func @f(%x: !x) {
  // expected-error @+1 {{rows and channels need to stay}}
  %y = nn.upsample nearest %x : (!x) -> tensor<?x6x16xf32, #nn.axes<B, "2*C", "2*X">>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, X>>
// nn.upsample C2
func.func @f(%x: !x) {
  // expected-error @+1 {{nearest aligns no corners}}
  %y = nn.upsample nearest %x align_corners : (!x) -> tensor<?x3x16xf32, #nn.axes<B, C, "2*X">>
  return
}
