// Constraints of sizes, weights, calls, caches and states, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

// #nn.axes C1
func.func @f(%x: tensor<?x8xf32, #nn.axes<B>>) // expected-error {{tensor has 2 dimensions and names for 1}}

// -----

// #nn.axes C1
func.func @f(%x: tensor<5x8xf32, #nn.axes<"4", D>>) // expected-error {{axis 4 has size 5}}

// -----

// #nn.axes C2
func.func @f(%x: tensor<?xf32, #nn.axes<B over V>>) // expected-error {{'f32' cannot be over V}}

// -----

// #nn.axes C3
func.func @f(%x: tensor<?xf64, #nn.axes<B>>) // expected-error {{elements are 'f64', needs f32, bf16, f16, i1, i8, i32, i64 or !nn.dynamic}}

// -----

// #nn.axes C3
func.func @f(%x: tensor<3x?x!nn.dynamic<row>, #nn.axes<"3", B>>) // expected-error {{'!nn.dynamic<row>' needs rows of a static length}}

// -----

// #nn.axes C4
func.func @f(%x: tensor<2097152x524289xf32, #nn.axes<V, D>>) // expected-error {{tensor has more than 2^40 elements}}

// -----

// nn.size C2
nn.size @B in 1 to 9223372036854775807 // expected-error {{has the size 9223372036854775807, needs 0 to 2^40}}

// -----

// nn.size C2
nn.size @D = -1 // expected-error {{has the size -1, needs 0 to 2^40}}

// -----

// #nn.axes: sizes are written in one way only.
func.func @f(%x: tensor<6xf32, #nn.axes<"C*3">>) // expected-error {{'C*3' is not canonical, write '3*C'}}

// -----

// #nn.axes
func.func @f(%x: tensor<6xf32, #nn.axes<"3*">>) // expected-error {{'3*' is not a size}}

// -----

// nn.size C1
// expected-error @+1 {{needs either a value, a range or another size}}
nn.size @D = 8 in 1 to 9

// -----

// nn.size C2
// expected-error @+1 {{range 3 to 2 step 1 is empty}}
nn.size @T in 3 to 2

// -----

// nn.size C3
nn.size @D = 8
// expected-error @+1 {{per @D needs a size known at run time that is not ragged}}
nn.size @T in 1 to 2 per @D

// -----

// nn.size C3
nn.size @B in 1 to 2
// expected-error @+1 {{a size of the configuration is the same for every row}}
nn.size @T = 4 per @B

// -----

// nn.size C1
nn.size @T in 1 to 2
// expected-error @+1 {{needs either a value, a range or another size}}
nn.size @U in 1 to 2 as @T

// -----

// nn.size C4
nn.size @D = 8
// expected-error @+1 {{as @D needs a size with a range, by which no rows are counted, and nothing beside it}}
nn.size @U as @D

// -----

// nn.size C4
nn.size @B in 1 to 2
nn.size @T in 1 to 2 per @B
// expected-error @+1 {{as @B needs a size with a range}}
nn.size @C as @B

// -----

// nn.size C4
nn.size @B in 1 to 2
nn.size @T in 1 to 2 per @B
// expected-error @+1 {{as @T needs a size with a range, by which no rows are counted, and nothing beside it}}
nn.size @U step 2 as @T

// -----

// nn.state_read C1
func.func @f() {
  // expected-error @+1 {{there is no state @memory}}
  %m = nn.state_read @memory : tensor<?x8xf32, #nn.axes<B, D>>
  return
}

// -----

// nn.state_write C1
nn.state @memory : tensor<?x6xf32, #nn.axes<B, D>>
func.func @f(%x: tensor<?x8xf32, #nn.axes<B, D>>) {
  // expected-error @+1 {{state @memory is 'tensor<?x6xf32, #nn.axes<B, D>>', not 'tensor<?x8xf32, #nn.axes<B, D>>'}}
  nn.state_write @memory, %x : tensor<?x8xf32, #nn.axes<B, D>>
  return
}

// -----

nn.state @m : tensor<?x3xf32, #nn.axes<B, D>>
// nn.state_read C2
func.func @f(%l: index) {
  // expected-error @+1 {{path '' does not use index 0}}
  %m = nn.state_read @m[%l] : tensor<?x3xf32, #nn.axes<B, D>>
  return
}

// -----

nn.state @m : tensor<?x3xf32, #nn.axes<B, D>>
// nn.state_write C2
func.func @f(%x: tensor<?x3xf32, #nn.axes<B, D>>) {
  // expected-error @+1 {{path '{0}' has {0}, there are 0 indices}}
  nn.state_write @m, %x at "{0}" : tensor<?x3xf32, #nn.axes<B, D>>
  return
}

// -----

// nn.weight C1
func.func @f() {
  // expected-error @+1 {{path 'h.{0}' has {0}, there are 0 indices}}
  %w = nn.weight "h.{0}" : tensor<8xf32, #nn.axes<D>>
  return
}

// -----

// nn.weight C1
func.func @f(%l: index) {
  // expected-error @+1 {{path 'h' does not use index 0}}
  %w = nn.weight "h" [%l] : tensor<8xf32, #nn.axes<D>>
  return
}

// -----

// nn.weight C2
func.func @f() {
  // expected-error @+1 {{needs static sizes}}
  %w = nn.weight "h" : tensor<?xf32, #nn.axes<T>>
  return
}

// -----

// nn.weight C1
func.func @f(%l: index) {
  // expected-error @+1 {{path 'b' does not use index 0}}
  %w = nn.weight "a.{0}" then ["b"] of [tensor<2x3xf32, #nn.axes<E, D>>, tensor<4x3xf32, #nn.axes<F, D>>][%l] : tensor<6x3xf32, #nn.axes<"E+F", D>>
  return
}

// -----

// nn.weight C3
func.func @f() {
  // expected-error @+1 {{has types of 1 parts, needs 2}}
  %w = nn.weight "a" then ["b"] of [tensor<2x3xf32, #nn.axes<E, D>>] : tensor<6x3xf32, #nn.axes<"E+F", D>>
  return
}

// -----

// nn.weight C3
func.func @f() {
  // expected-error @+1 {{the parts do not add up to 'tensor<7x3xf32}}
  %w = nn.weight "a" then ["b"] of [tensor<2x3xf32, #nn.axes<E, D>>, tensor<4x3xf32, #nn.axes<F, D>>] : tensor<7x3xf32, #nn.axes<"E+F+G", D>>
  return
}

// -----

// nn.weight C3
func.func @f() {
  // expected-error @+1 {{the parts do not add up to}}
  %w = nn.weight "a" then ["b"] of [tensor<2x3xf32, #nn.axes<E, D>>, tensor<6x1xf32, #nn.axes<F, G>>] : tensor<6x3xf32, #nn.axes<"E+F", D>>
  return
}

// -----

// nn.call C1
func.func @f() {
  // expected-error @+1 {{there is no function @layer}}
  nn.call @layer() at "h" : () -> ()
  return
}

// -----

// nn.call C1
func.func private @layer(index)
func.func @f() {
  // expected-error @+1 {{function @layer is '(index) -> ()', called as '() -> ()'}}
  nn.call @layer() at "h" : () -> ()
  return
}

// -----

// nn.call C2
func.func private @layer()
func.func @f(%l: index) {
  // expected-error @+1 {{path 'h' does not use index 0}}
  nn.call @layer() at "h" [%l] : () -> ()
  return
}

// -----

// nn.cache_append C1
func.func @f(%k: tensor<?x?x2xf32, #nn.axes<B, T, K>>) {
  // expected-error @+1 {{result has axes [B T K], needs [B S K]}}
  %s = nn.cache_append "k" %k from "T" to "S" : (tensor<?x?x2xf32, #nn.axes<B, T, K>>) -> tensor<?x?x2xf32, #nn.axes<B, T, K>>
  return
}

// -----

// nn.cache_append C2
func.func @f(%k: tensor<?x2x?xf32, #nn.axes<B, K, T>>) {
  // expected-error @+1 {{x [B K T] needs T as its second axis}}
  %s = nn.cache_append "k" %k from "T" to "S" : (tensor<?x2x?xf32, #nn.axes<B, K, T>>) -> tensor<?x2x?xf32, #nn.axes<B, K, S>>
  return
}

// -----

// nn.cache_append C3
func.func @f(%k: tensor<?x?x2xf32, #nn.axes<B, T, K>>) {
  // expected-error @+1 {{path 'k.{1}' has {1}, there are 0 indices}}
  %s = nn.cache_append "k.{1}" %k from "T" to "S" : (tensor<?x?x2xf32, #nn.axes<B, T, K>>) -> tensor<?x?x2xf32, #nn.axes<B, S, K>>
  return
}

// -----

// nn.cache_append C5
func.func @f(%k: tensor<?x?x2xf32, #nn.axes<B, T, K>>) {
  // expected-error @+1 {{reads within 0 positions, needs at least 1}}
  %s = nn.cache_append "k" %k from "T" to "S" within 0 : (tensor<?x?x2xf32, #nn.axes<B, T, K>>) -> tensor<?x?x2xf32, #nn.axes<B, S, K>>
  return
}

// -----

// nn.cache_append C4
func.func @f(%k: tensor<?x?x2xbf16, #nn.axes<B, T, K>>) {
  // expected-error @+1 {{keeps 'f32' of 'bf16', needs the same, or bf16 of f32}}
  %s = nn.cache_append "k" %k from "T" to "S" : (tensor<?x?x2xbf16, #nn.axes<B, T, K>>) -> tensor<?x?x2xf32, #nn.axes<B, S, K>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
// nn.route C1
func.func private @expert(tensor<?x8xf32, #nn.axes<B, D>>) -> tensor<?x8xf32, #nn.axes<B, D>>
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{needs a function from}}
  %y = nn.route @expert(%x) by %i of 4 at "e.{0}" : (!x, !i) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!i = tensor<?x2xi32, #nn.axes<B, A over E>>
// nn.route C2
func.func private @expert(!x) -> !x
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{indices have axes [B A], x has [B T D]}}
  %y = nn.route @expert(%x) by %i of 4 at "e.{0}" : (!x, !i) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
// nn.route C3
func.func private @expert(!x) -> !x
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{result has axes [B T D], needs [B T A D]}}
  %y = nn.route @expert(%x) by %i of 4 at "e.{0}" : (!x, !i) -> !x
  return
}

// -----

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
// nn.route C4
func.func private @expert(!x) -> !x
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{has 0 blocks, needs 1 to 1048576}}
  %y = nn.route @expert(%x) by %i of 0 at "e.{0}" : (!x, !i) -> tensor<?x?x2x8xf32, #nn.axes<B, T, A, D>>
  return
}

// -----

// The types of packed weights
func.func @f() {
  // expected-error @+1 {{found q7, needed f32, bf16, f16, i8, q8}}
  %w = nn.weight "w" stored q7 : tensor<8x8xf32, #nn.axes<D, E>>
  return
}

// -----

// #nn.stored C1
func.func @f() {
  // expected-error @+1 {{f32 is what weights are stored as without it}}
  %w = nn.weight "w" stored f32 : tensor<8x8xf32, #nn.axes<D, E>>
  return
}

// -----

// #nn.stored C1, in an attribute
// expected-error @+1 {{f32 is what weights are stored as without it}}
func.func private @f() attributes {t = #nn.stored<f32>}

// -----

// nn.weight C4
func.func @f() {
  // expected-error @+1 {{has 1 axes, q8 needs two}}
  %w = nn.weight "w" stored q8 : tensor<8xf32, #nn.axes<D>>
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

!x = tensor<?x?x8xf32, #nn.axes<B, T, D>>
!h = tensor<?x8xf32, #nn.axes<B, D>>
// nn.scan C3
func.func @f(%x: !x, %l: index) {
  // expected-error @+1 {{path 'h' does not use index 0}}
  %y = nn.scan "h" [%l] over "T" (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    nn.yield %h, %t : !h, !h
  } : (!x) -> !x
  return
}

// -----

// nn.loop_number C1
func.func @f(%l: index) {
  // expected-error @+1 {{needs a number}}
  %n = nn.loop_number %l from 0 of <[]> : tensor<f32, #nn.axes<>>
  return
}

// -----

// nn.loop_number C2
func.func @f(%l: index) {
  // expected-error @+1 {{needs static sizes}}
  %n = nn.loop_number %l from 0 of <[1.0]> : tensor<?xf32, #nn.axes<B>>
  return
}
