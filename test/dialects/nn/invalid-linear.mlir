// Constraints of products, tables and norms, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C1
func.func @f(%x: !x, %w: tensor<3x8xf32, #nn.axes<E, D>>) {
  // expected-error @+1 {{cannot contract 2 axes of x [B T D]}}
  %y = nn.linear %x, %w contracts 2 : (!x, tensor<3x8xf32, #nn.axes<E, D>>) -> tensor<?x3xf32, #nn.axes<B, E>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C2
func.func @f(%x: !x, %w: tensor<8x3xf32, #nn.axes<D, E>>) {
  // expected-error @+1 {{weight maps 3 to 8, needs 8 to 3}}
  %y = nn.linear %x, %w contracts 1 : (!x, tensor<8x3xf32, #nn.axes<D, E>>) -> tensor<?x?x3xf32, #nn.axes<B, T, E>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C2
func.func @f(%x: !x, %w: tensor<24xf32, #nn.axes<"D*E">>) {
  // expected-error @+1 {{needs a weight of two axes}}
  %y = nn.linear %x, %w contracts 1 : (!x, tensor<24xf32, #nn.axes<"D*E">>) -> tensor<?x?x3xf32, #nn.axes<B, T, E>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C3
func.func @f(%x: !x, %w: tensor<3x8xf32, #nn.axes<E, D>>) {
  // expected-error @+1 {{result [T B E] needs to begin with [B T]}}
  %y = nn.linear %x, %w contracts 1 : (!x, tensor<3x8xf32, #nn.axes<E, D>>) -> tensor<?x?x3xf32, #nn.axes<T, B, E>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C3
func.func @f(%x: !x, %w: tensor<3x8xf32, #nn.axes<E, D>>) {
  // expected-error @+1 {{result [B T S] has a size known only at run time}}
  %y = nn.linear %x, %w contracts 1 : (!x, tensor<3x8xf32, #nn.axes<E, D>>) -> tensor<?x?x?xf32, #nn.axes<B, T, S>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C4
func.func @f(%x: !x, %w: tensor<3x8xf32, #nn.axes<E, D>>, %b: tensor<8xf32, #nn.axes<D>>) {
  // expected-error @+1 {{bias needs one axis of size 3}}
  %y = nn.linear %x, %w bias %b contracts 1 : (!x, tensor<3x8xf32, #nn.axes<E, D>>, tensor<8xf32, #nn.axes<D>>)
                                           -> tensor<?x?x3xf32, #nn.axes<B, T, E>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C2
func.func @f(%x: !x, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  // expected-error @+1 {{weight maps 8 to 8, needs 8 to 16}}
  %y = nn.linear %x, %w contracts 1 paired then {
  ^bb0(%sum: f32, %second: f32):
    %0 = arith.mulf %sum, %second : f32
    nn.yield %0 : f32
  } : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C6
func.func @f(%x: !x, %w: tensor<32x8xf32, #nn.axes<"4*D", D>>) {
  // expected-error @+1 {{paired or with operands has one result and an epilogue}}
  %y, %z = nn.linear %x, %w contracts 1 paired then {
  ^bb0(%sum: f32, %second: f32):
    %0 = arith.mulf %sum, %second : f32
    nn.yield %0 : f32
  } : (!x, tensor<32x8xf32, #nn.axes<"4*D", D>>) -> (!x, !x)
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C6
func.func @f(%x: !x, %r: tensor<?x8xf32, #nn.axes<B, D>>, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  // expected-error @+1 {{operand 'tensor<?x8xf32, #nn.axes<B, D>>' needs to be f32 over [B T D], [D] or nothing}}
  %y = nn.linear %x, %w with %r contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, tensor<8x8xf32, #nn.axes<D, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.linear C6
func.func @f(%x: !x, %w: tensor<16x8xf32, #nn.axes<"2*D", D>>) {
  // expected-error @+1 {{paired or with operands has one result and an epilogue}}
  %y = nn.linear %x, %w contracts 1 paired : (!x, tensor<16x8xf32, #nn.axes<"2*D", D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.linear C7
func.func @f(%x: !x, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  // expected-error @+1 {{the epilogue needs one block with 1 arguments of f32}}
  %y = nn.linear %x, %w contracts 1 then {
  ^bb0(%sum: f32, %more: f32):
    nn.yield %sum : f32
  } : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.linear C7
func.func @f(%x: !x, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  %y = nn.linear %x, %w contracts 1 then {
  ^bb0(%sum: f32):
    // expected-error @+1 {{cannot stand in an epilogue}}
    %m = memref.alloc() : memref<f32>
    nn.yield %sum : f32
  } : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.linear C7
func.func @f(%x: !x, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  // expected-error @+1 {{the epilogue needs to yield one f32}}
  %y = nn.linear %x, %w contracts 1 then {
  ^bb0(%sum: f32):
    nn.yield
  } : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return
}

// -----

// nn.embed C1
func.func @f(%i: tensor<?xi32, #nn.axes<B over N>>, %t: tensor<5x8xf32, #nn.axes<V, D>>) {
  // expected-error @+1 {{indices are over N, the table is [V D]}}
  %y = nn.embed %i, %t : (tensor<?xi32, #nn.axes<B over N>>, tensor<5x8xf32, #nn.axes<V, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
  return
}

// -----

// nn.embed C2
func.func @f(%i: tensor<?xi32, #nn.axes<B over V>>, %t: tensor<5x8xf32, #nn.axes<V, D>>) {
  // expected-error @+1 {{result has axes [B V], needs [B D]}}
  %y = nn.embed %i, %t : (tensor<?xi32, #nn.axes<B over V>>, tensor<5x8xf32, #nn.axes<V, D>>) -> tensor<?x5xf32, #nn.axes<B, V>>
  return
}

// -----

// nn.constant C1
func.func @f() {
  // expected-error @+1 {{needs static sizes}}
  %c = nn.constant 1.0 : tensor<?xf32, #nn.axes<B>>
  return
}

// -----

// nn.positions C1
func.func @f() {
  // expected-error @+1 {{result [T B] needs to be T of every row}}
  %p = nn.positions "T" : tensor<?x?xi32, #nn.axes<T, B over N>>
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!p = tensor<?x?xi32, #nn.axes<B, T over N>>
// nn.rope C1
func.func @f(%q: !q, %p: !p) {
  // expected-error @+1 {{rotates 6 elements, the last axis has 4}}
  %r = nn.rope %q at %p frequencies <[1.0, 0.1, 0.01]> pairs halves : (!q, !p) -> !q
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!p = tensor<?x?xi32, #nn.axes<B, S over N>>
// nn.rope C2
func.func @f(%q: !q, %p: !p) {
  // expected-error @+1 {{positions have axes [B S], x is [B T K]}}
  %r = nn.rope %q at %p frequencies <[1.0]> pairs halves : (!q, !p) -> !q
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!p = tensor<?x?xi32, #nn.axes<B, T over N>>
// nn.rope C3
func.func @f(%q: !q, %p: !p) {
  // expected-error @+1 {{result is}}
  %r = nn.rope %q at %p frequencies <[1.0]> pairs halves : (!q, !p) -> tensor<?x?x4xf32, #nn.axes<B, T, D>>
  return
}

// -----

!p = tensor<?x?xi32, #nn.axes<B, T over N>>
// nn.sinusoid C1
func.func @f(%p: !p) {
  // expected-error @+1 {{result [B T D] needs the positions' axes [B T] and a static even one}}
  %s = nn.sinusoid %p pairs halves : (!p) -> tensor<?x?x7xf32, #nn.axes<B, T, D>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.rms_norm C1
func.func @f(%x: !x, %w: tensor<8xf32, #nn.axes<E>>) {
  // expected-error @+1 {{weight has axes [E], needs [D]}}
  %y = nn.rms_norm %x, %w eps 0.5 : (!x, tensor<8xf32, #nn.axes<E>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.rms_norm C2
func.func @f(%x: !x, %w: tensor<8xf32, #nn.axes<D>>) {
  // expected-error @+1 {{result is}}
  %y = nn.rms_norm %x, %w eps 0.5 : (!x, tensor<8xf32, #nn.axes<D>>) -> tensor<?x8xf32, #nn.axes<T, D>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.rms_norm C2
func.func @f(%x: !x, %r: tensor<8xf32, #nn.axes<D>>) {
  // expected-error @+1 {{residual is 'tensor<8xf32, #nn.axes<D>>', needs x's type}}
  %y = nn.rms_norm %x plus %r eps 0.5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.layer_norm C2
func.func @f(%x: !x, %r: tensor<8xf32, #nn.axes<D>>) {
  // expected-error @+1 {{residual is 'tensor<8xf32, #nn.axes<D>>', needs x's type}}
  %y = nn.layer_norm %x plus %r eps 0.5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.rms_norm C3
func.func @f(%x: !x) {
  // expected-error @+1 {{has an offset and no weight}}
  %y = nn.rms_norm %x offset 1.0 eps 0.5 : (!x) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.layer_norm C3
func.func @f(%x: !x) {
  // expected-error @+1 {{has an offset and no weight}}
  %y = nn.layer_norm %x offset 1.0 eps 0.5 : (!x) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8xf32, #nn.axes<D>>
// nn.layer_norm C3: only the generic form can say it.
func.func @f(%x: !x, %b: !w) {
  // expected-error @+1 {{has a bias and no weight}}
  %y = "nn.layer_norm"(%x, %b) <{eps = 0.5 : f64, operandSegmentSizes = array<i32: 1, 0, 1, 0>}> : (!x, !w) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8xf32, #nn.axes<D>>
// nn.layer_norm C1
func.func @f(%x: !x, %w: !w, %b: tensor<8xf32, #nn.axes<E>>) {
  // expected-error @+1 {{bias has axes [E], needs [D]}}
  %y = nn.layer_norm %x, %w, %b eps 0.5 : (!x, !w, tensor<8xf32, #nn.axes<E>>) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<8xf32, #nn.axes<D>>
// nn.layer_norm C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{result is}}
  %y = nn.layer_norm %x, %w, %w eps 0.5 : (!x, !w, !w) -> tensor<?x8xf32, #nn.axes<T, D>>
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, D>>
!w = tensor<8xf32, #nn.axes<D>>
// nn.batch_norm C1
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{parameter has axes [D], needs [C]}}
  %y = nn.batch_norm %x, %w, %w mean %w variance %w eps 0.5 : (!x, !w, !w, !w, !w) -> !x
  return
}

// -----

!x = tensor<?x3x8xf32, #nn.axes<B, C, D>>
!w = tensor<3xf32, #nn.axes<C>>
// nn.batch_norm C2
func.func @f(%x: !x, %w: !w) {
  // expected-error @+1 {{result is}}
  %y = nn.batch_norm %x, %w, %w mean %w variance %w eps 0.5 : (!x, !w, !w, !w, !w) -> tensor<?x3x8xf32, #nn.axes<B, C, E>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.normalize C1
func.func @f(%x: !x) {
  // expected-error @+1 {{x [B D] has no axis K}}
  %y = nn.normalize %x over "K" eps 0.5 : (!x) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.normalize C2
func.func @f(%x: !x) {
  // expected-error @+1 {{result is}}
  %y = nn.normalize %x over "D" eps 0.5 : (!x) -> tensor<?x8xf32, #nn.axes<B, E>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!w = tensor<3x8xf32, #nn.axes<E, D>>
// nn.linear C5
func.func @f(%x: tensor<?x8x!nn.dynamic<row>, #nn.axes<B, D>>) {
  %w = nn.weight "w" stored q8 : !w
  // expected-error @+1 {{rows of '!nn.dynamic<row>' cannot meet a weight stored as q8}}
  %y = nn.linear %x, %w contracts 1 : (tensor<?x8x!nn.dynamic<row>, #nn.axes<B, D>>, !w) -> tensor<?x3xf32, #nn.axes<B, E>>
  return
}

// -----

!w = tensor<3x8xf32, #nn.axes<E, D>>
// nn.linear C5
func.func @f(%x: tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>, %w: !w) {
  // expected-error @+1 {{rows of '!nn.dynamic<32>' cannot meet a weight stored as f32}}
  %y = nn.linear %x, %w contracts 1 : (tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>, !w) -> tensor<?x3xf32, #nn.axes<B, E>>
  return
}

// -----

!w = tensor<3x8xf32, #nn.axes<E, D>>
// nn.linear C5
func.func @f(%x: tensor<?x8xf32, #nn.axes<B, D>>) {
  %w = nn.weight "w" stored i8 : !w
  // expected-error @+1 {{rows of 'f32' cannot meet a weight stored as i8}}
  %y = nn.linear %x, %w contracts 1 : (tensor<?x8xf32, #nn.axes<B, D>>, !w) -> tensor<?x3xf32, #nn.axes<B, E>>
  return
}

// -----

// nn.narrow C1
func.func @f(%x: tensor<?x8xf32, #nn.axes<B, D>>) {
  // expected-error @+1 {{cannot contract 2 axes of x [B D]}}
  %y = nn.narrow %x contracts 2 : tensor<?x8xf32, #nn.axes<B, D>> -> tensor<?xbf16, #nn.axes<"B*D">>
  return
}

// -----

// nn.narrow C1
func.func @f(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) {
  // expected-error @+1 {{cannot contract 2 axes of x [B T D]}}
  %y = nn.narrow %x contracts 2 : tensor<?x?x8xf32, #nn.axes<B, T, D>> -> tensor<?x?xbf16, #nn.axes<B, "D*T">>
  return
}

// -----

// nn.narrow C2
func.func @f(%x: tensor<?x2x4xf32, #nn.axes<B, H, K>>) {
  // expected-error @+1 {{result has axes [B H K], needs [B H*K]}}
  %y = nn.narrow %x contracts 2 : tensor<?x2x4xf32, #nn.axes<B, H, K>> -> tensor<?x2x4xbf16, #nn.axes<B, H, K>>
  return
}

// -----

// !nn.dynamic C1
// expected-error @+1 {{a group is the row or 16 or 32 elements, found 24}}
func.func @f(%x: tensor<?x8x!nn.dynamic<24>, #nn.axes<B, D>>)

// -----

// !nn.dynamic C2
// expected-error @+1 {{what is wide has groups}}
func.func @f(%x: tensor<?x8x!nn.dynamic<row, wide>, #nn.axes<B, D>>)
