// Constraints of attention, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

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

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C7
func.func @f(%q: !q) {
  // expected-error @+1 {{cap is -5.000000e-01 : f64, needs a positive number}}
  %a = nn.attention %q, %q, %q scale 1.0 cap -0.5 : (!q, !q, !q) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C8
func.func @f(%q: !q, %s: tensor<3xf32, #nn.axes<G>>) {
  // expected-error @+1 {{sink has axes [G], needs [H]}}
  %a = nn.attention %q, %q, %q sink %s scale 1.0 : (!q, !q, !q, tensor<3xf32, #nn.axes<G>>) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C9
func.func @f(%q: !q, %s: tensor<4xf32, #nn.axes<K>>) {
  // expected-error @+1 {{vector needs to be f32, and a score that reads it}}
  %a = nn.attention %q, %q, %q with %s scale 1.0 : (!q, !q, !q, tensor<4xf32, #nn.axes<K>>) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C9
func.func @f(%q: !q, %s: tensor<2xf32, #nn.axes<H>>) {
  // expected-error @+1 {{vector has axes [H], needs [K]}}
  %a = nn.attention %q, %q, %q with %s scale 1.0 score {
  ^bb0(%a: f32, %b: f32, %c: f32):
    nn.yield %c : f32
  } : (!q, !q, !q, tensor<2xf32, #nn.axes<H>>) -> !q
  return
}

// -----

!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
// nn.attention C9
func.func @f(%q: !q) {
  // expected-error @+1 {{needs one block with 2 arguments of f32}}
  %a = nn.attention %q, %q, %q scale 1.0 score {
  ^bb0(%a: f32):
    nn.yield %a : f32
  } : (!q, !q, !q) -> !q
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

// nn.bucket C2
func.func @f(%d: index) {
  // expected-error @+1 {{10 buckets around distance 0 up to 40 leave none for far positions}}
  %n = nn.bucket %d count 10 far 40 around
  return
}
