// Constraints of the ops that compute, by their numbers in the op descriptions.
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
  %y = nn.linear %x, %w contracts 1 gated : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C6
func.func @f(%x: !x, %w: tensor<32x8xf32, #nn.axes<"4*D", D>>) {
  // expected-error @+1 {{gated or with a residual has one result, not 2}}
  %y, %z = nn.linear %x, %w contracts 1 gated : (!x, tensor<32x8xf32, #nn.axes<"4*D", D>>) -> (!x, !x)
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
// nn.linear C6
func.func @f(%x: !x, %r: tensor<?x8xf32, #nn.axes<B, D>>, %w: tensor<8x8xf32, #nn.axes<D, D>>) {
  // expected-error @+1 {{residual is 'tensor<?x8xf32, #nn.axes<B, D>>', needs 'tensor<?x?x8xf32}}
  %y = nn.linear %x, %w residual %r contracts 1 : (!x, tensor<8x8xf32, #nn.axes<D, D>>, tensor<?x8xf32, #nn.axes<B, D>>) -> !x
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
  %r = nn.rope %q at %p frequencies [1.0, 0.1, 0.01] pairs halves : (!q, !p) -> !q
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!p = tensor<?x?xi32, #nn.axes<B, S over N>>
// nn.rope C2
func.func @f(%q: !q, %p: !p) {
  // expected-error @+1 {{positions have axes [B S], x is [B T K]}}
  %r = nn.rope %q at %p frequencies [1.0] pairs halves : (!q, !p) -> !q
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!p = tensor<?x?xi32, #nn.axes<B, T over N>>
// nn.rope C3
func.func @f(%q: !q, %p: !p) {
  // expected-error @+1 {{result is}}
  %r = nn.rope %q at %p frequencies [1.0] pairs halves : (!q, !p) -> tensor<?x?x4xf32, #nn.axes<B, T, D>>
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

!q = tensor<?x?x8xf32, #nn.axes<B, T, K>>
// nn.attention C1
func.func @f(%q: !q) {
  // expected-error @+1 {{q, k and v need four axes: rows, sequence, heads, depth}}
  %a = nn.attention %q, %q, %q scale 1.0 : (!q, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x?xf32, #nn.axes<B, T, H, K>>
// nn.attention C1
func.func @f(%q: !q) {
  // expected-error @+1 {{[B T H K] needs static heads and depth}}
  %a = nn.attention %q, %q, %q scale 1.0 : (!q, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x6xf32, #nn.axes<B, T, H, L>>
// nn.attention C2
func.func @f(%q: !q, %k: !k) {
  // expected-error @+1 {{query has depth K, key has L}}
  %a = nn.attention %q, %k, %q scale 1.0 : (!q, !k, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!v = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>
// nn.attention C2
func.func @f(%q: !q, %v: !v) {
  // expected-error @+1 {{key [B T H K] and value [B S H K] differ in rows, sequence or heads}}
  %a = nn.attention %q, %q, %v scale 1.0 : (!q, !q, !v) -> !q
  return
}

// -----

!q = tensor<?x?x3x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, T, G, K>>
// nn.attention C3
func.func @f(%q: !q, %k: !k) {
  // expected-error @+1 {{3 query heads are not a multiple of 2 key heads}}
  %a = nn.attention %q, %k, %k scale 1.0 : (!q, !k, !k) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!v = tensor<?x?x2x6xf32, #nn.axes<B, T, H, L>>
// nn.attention C4
func.func @f(%q: !q, %v: !v) {
  // expected-error @+1 {{result has axes [B T H K], needs [B T H L]}}
  %a = nn.attention %q, %q, %v scale 1.0 : (!q, !q, !v) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C5
func.func @f(%q: !q) {
  // expected-error @+1 {{'where' takes four indices: row, head, query position, key position}}
  %a = nn.attention %q, %q, %q scale 1.0 where {
  ^bb0(%i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!q, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C5
func.func @f(%q: !q) {
  // expected-error @+1 {{'bias' needs to yield one f32}}
  %a = nn.attention %q, %q, %q scale 1.0 bias {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    nn.yield %j : index
  } : (!q, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!n = tensor<?x?x2x4xbf16, #nn.axes<B, T, H, K>>
// nn.attention C6
func.func @f(%q: !q, %n: !n) {
  // expected-error @+1 {{[B T H K] has 'bf16' elements, needs f32}}
  %a = nn.attention %n, %q, %q scale 1.0 : (!n, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!n = tensor<?x?x2x4xf16, #nn.axes<B, T, H, K>>
// nn.attention C6
func.func @f(%q: !q, %n: !n) {
  // expected-error @+1 {{[B T H K] has 'f16' elements, needs f32 or bf16}}
  %a = nn.attention %q, %n, %q scale 1.0 : (!q, !n, !q) -> !q
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!k = tensor<?x?x6xf32, #nn.axes<B, S, L>>
// nn.dot C1
func.func @f(%q: !q, %k: !k) {
  // expected-error @+1 {{x [B S L] has no axis K}}
  %s = nn.dot %q, %k over "K" : (!q, !k) -> tensor<?x?x?xf32, #nn.axes<B, T, S>>
  return
}

// -----

!q = tensor<?x?x4xf32, #nn.axes<B, T, K>>
!k = tensor<?x?x4xf32, #nn.axes<B, S, K>>
// nn.dot C2
func.func @f(%q: !q, %k: !k) {
  // expected-error @+1 {{result has axes [B S T], needs [B T S]}}
  %s = nn.dot %q, %k over "K" : (!q, !k) -> tensor<?x?x?xf32, #nn.axes<B, S, T>>
  return
}

// -----

!s = tensor<?x?x?xf32, #nn.axes<B, T, S>>
// nn.mask C1
func.func @f(%s: !s) {
  // expected-error @+1 {{x [B T S] has no axis U}}
  %m = nn.mask %s query "T" key "U" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> !s
  return
}

// -----

!s = tensor<?x?x?xf32, #nn.axes<B, T, S>>
// nn.mask C2
func.func @f(%s: !s) {
  // expected-error @+1 {{result is}}
  %m = nn.mask %s query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!s) -> tensor<?x?x?xf32, #nn.axes<B, S, T>>
  return
}

// -----

!s = tensor<?x?x?xf32, #nn.axes<B, T, S>>
// nn.mask C3
func.func @f(%s: !s) {
  // expected-error @+1 {{'where' needs to yield one i1}}
  %m = nn.mask %s query "T" key "S" where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    nn.yield %i : index
  } : (!s) -> !s
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.softmax C1
func.func @f(%x: !x) {
  // expected-error @+1 {{x [B D] has no axis S}}
  %y = nn.softmax %x over "S" : (!x) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.softmax C2
func.func @f(%x: !x) {
  // expected-error @+1 {{result is}}
  %y = nn.softmax %x over "D" : (!x) -> tensor<?x8xf32, #nn.axes<B, E>>
  return
}

// -----

!t = tensor<4x2xf32, #nn.axes<R, H>>
// nn.lookup C1
func.func @f(%t: !t, %i: index) {
  // expected-error @+1 {{indexed by 1 values gives 'f32' per 2}}
  %r = nn.lookup %t[%i] : !t -> f32
  return
}

// -----

// nn.bucket C1
func.func @f(%d: index) {
  // expected-error @+1 {{8 buckets up to 4 leave none for far positions}}
  %n = nn.bucket %d count 8 far 4
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!v = tensor<8x6xf32, #nn.axes<D, E>>
// nn.add C1
func.func @f(%x: !x, %v: !v) {
  // expected-error @+1 {{axes [D E] are not among [B D] in this order}}
  %y = nn.add %x, %v : (!x, !v) -> !x
  return
}

// -----

!x = tensor<?x8x6xf32, #nn.axes<B, D, E>>
!v = tensor<6x8xf32, #nn.axes<E, D>>
// nn.sub C1: the order of axes counts.
func.func @f(%x: !x, %v: !v) {
  // expected-error @+1 {{axes [E D] are not among [B D E] in this order}}
  %y = nn.sub %x, %v : (!x, !v) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!v = tensor<8xf32, #nn.axes<E>>
// nn.mul C1: equal numbers under different names are not the same axis.
func.func @f(%x: !x, %v: !v) {
  // expected-error @+1 {{axes [E] are not among [B D] in this order}}
  %y = nn.mul %x, %v : (!x, !v) -> !x
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
!v = tensor<8xf32, #nn.axes<D>>
// nn.div C1
func.func @f(%x: !x, %v: !v) {
  // expected-error @+1 {{result has axes [D], needs [B D]}}
  %y = nn.div %v, %x : (!v, !x) -> !v
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.pow C1
func.func @f(%x: !x) {
  // expected-error @+1 {{result has axes [B E], needs [B D]}}
  %y = nn.pow %x, %x : (!x, !x) -> tensor<?x8xf32, #nn.axes<B, E>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.reduce C1
func.func @f(%x: !x) {
  // expected-error @+1 {{result has axes [B], needs [D]}}
  %y = nn.reduce sum %x over "B" : (!x) -> tensor<?xf32, #nn.axes<B>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.pick C1
func.func @f(%x: !x) {
  // expected-error @+1 {{x [B D] has no axis T}}
  %y = nn.pick last %x over "T" : (!x) -> tensor<?xf32, #nn.axes<B>>
  return
}

// -----

!x = tensor<?x3x5xf32, #nn.axes<B, P, Q>>
// nn.rearrange C1
func.func @f(%x: !x) {
  // expected-error @+1 {{axis 1 : i64 is not there or used twice}}
  %y = nn.rearrange %x sources [[0], [1, 1]] : (!x) -> tensor<?x9xf32, #nn.axes<B, "P^2">>
  return
}

// -----

!x = tensor<?x3x5xf32, #nn.axes<B, P, Q>>
// nn.rearrange C1
func.func @f(%x: !x) {
  // expected-error @+1 {{axis Q is in no source}}
  %y = nn.rearrange %x sources [[0], [1]] : (!x) -> tensor<?x3xf32, #nn.axes<B, P>>
  return
}

// -----

!x = tensor<?x3x5xf32, #nn.axes<B, P, Q>>
// nn.rearrange C2
func.func @f(%x: !x) {
  // expected-error @+1 {{result axis D is made of P*Q}}
  %y = nn.rearrange %x sources [[0], [1, 2]] : (!x) -> tensor<?x16xf32, #nn.axes<B, D>>
  return
}

// -----

!x = tensor<?x3xf32, #nn.axes<B, P>>
// nn.concat C1
func.func @f(%x: !x) {
  // expected-error @+1 {{has no axis 2}}
  %y = nn.concat %x, %x along 2 : (!x, !x) -> tensor<?x6xf32, #nn.axes<B, "2*P">>
  return
}

// -----

!x = tensor<?x3xf32, #nn.axes<B, P>>
// nn.concat C2
func.func @f(%x: !x) {
  // expected-error @+1 {{pieces add up to 2*P, not 3*P}}
  %y = nn.concat %x, %x along 1 : (!x, !x) -> tensor<?x9xf32, #nn.axes<B, "3*P">>
  return
}

// -----

!x = tensor<?x3xf32, #nn.axes<B, P>>
!z = tensor<?x3xf32, #nn.axes<T, P>>
// nn.concat C2
func.func @f(%x: !x, %z: !z) {
  // expected-error @+1 {{piece [T P] does not fit [B 2*P]}}
  %y = nn.concat %x, %z along 1 : (!x, !z) -> tensor<?x6xf32, #nn.axes<B, "2*P">>
  return
}

// -----

!x = tensor<?x6xf32, #nn.axes<B, "2*P">>
// nn.split C1
func.func @f(%x: !x) {
  // expected-error @+1 {{has no axis -1}}
  %y = nn.split %x along -1 : (!x) -> !x
  return
}

// -----

!x = tensor<?x6xf32, #nn.axes<B, "2*P">>
!y = tensor<?x3xf32, #nn.axes<B, P>>
// nn.split C2
func.func @f(%x: !x) {
  // expected-error @+1 {{pieces add up to P, not 2*P}}
  %y = nn.split %x along 1 : (!x) -> !y
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!v = tensor<?x2xf32, #nn.axes<B, A>>
!i = tensor<?x2xi32, #nn.axes<B, A over N>>
// nn.topk C1
func.func @f(%x: !x) {
  // expected-error @+1 {{indices need to be over E}}
  %v, %i = nn.topk %x : (!x) -> (!v, !i)
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!v = tensor<?x5xf32, #nn.axes<B, A>>
!i = tensor<?x5xi32, #nn.axes<B, A over E>>
// nn.topk C2
func.func @f(%x: !x) {
  // expected-error @+1 {{takes more elements than there are}}
  %v, %i = nn.topk %x : (!x) -> (!v, !i)
  return
}

// -----

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

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!h = tensor<?x8xf32, #nn.axes<B, D>>
// nn.scan C1
func.func @f(%x: !x) {
  // expected-error @+1 {{[B T D] needs S as its second axis}}
  %y = nn.scan "h" over "S" (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    nn.yield %h, %t : !h, !h
  } : (!x) -> !x
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!h = tensor<?x8xf32, #nn.axes<B, D>>
// nn.scan C1
func.func @f(%x: !x) {
  // expected-error @+1 {{body needs the inputs without the axis, then what is carried}}
  %y = nn.scan "h" over "T" (%x) carry [!h] {
  ^bb0(%t: !h):
    nn.yield %t, %t : !h, !h
  } : (!x) -> !x
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!h = tensor<?x8xf32, #nn.axes<B, D>>
// nn.scan C2
func.func @f(%x: !x) {
  // expected-error @+1 {{body needs to yield what is carried, then the outputs}}
  %y = nn.scan "h" over "T" (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    nn.yield %h : !h
  } : (!x) -> !x
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
// expected-error @+1 {{a group is the row or 32 elements, found 16}}
func.func @f(%x: tensor<?x8x!nn.dynamic<16>, #nn.axes<B, D>>)
