// Constraints of element-wise ops and axes, by their numbers in the op descriptions.
// RUN: heddle-opt %s --verify-diagnostics --split-input-file

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
  // expected-error @+1 {{axes [B D] are not among [D] in this order}}
  %y = nn.div %v, %x : (!v, !x) -> !v
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.pow C1
func.func @f(%x: !x) {
  // expected-error @+1 {{axes [B D] are not among [B E] in this order}}
  %y = nn.pow %x, %x : (!x, !x) -> tensor<?x8xf32, #nn.axes<B, E>>
  return
}

// -----

!x = tensor<?x8xf32, #nn.axes<B, D>>
// nn.add C1: every axis is that of an operand.
func.func @f(%x: !x) {
  // expected-error @+1 {{result axis "E" is an axis of no operand}}
  %y = nn.add %x, %x : (!x, !x) -> tensor<?x8x2xf32, #nn.axes<B, D, E>>
  return
}

// -----

// nn.expand C1
func.func @f(%x: tensor<?x6x4xf32, #nn.axes<B, D, E>>) {
  // expected-error @+1 {{result [B P Q F] moves other axes of [B D E]}}
  %y = nn.expand %x along 1 : (tensor<?x6x4xf32, #nn.axes<B, D, E>>) -> tensor<?x2x3x4xf32, #nn.axes<B, P, Q, F>>
  return
}

// -----

// nn.expand C1
func.func @f(%x: tensor<?x6xf32, #nn.axes<B, D>>) {
  // expected-error @+1 {{cannot make [B P Q] of axis 2 of [B D]}}
  %y = nn.expand %x along 2 : (tensor<?x6xf32, #nn.axes<B, D>>) -> tensor<?x2x3xf32, #nn.axes<B, P, Q>>
  return
}

// -----

// nn.expand C2
func.func @f(%x: tensor<?x6xf32, #nn.axes<B, D>>) {
  // expected-error @+1 {{axis "D" is no product of P*Q}}
  %y = nn.expand %x along 1 : (tensor<?x6xf32, #nn.axes<B, D>>) -> tensor<?x2x4xf32, #nn.axes<B, P, Q>>
  return
}

// -----

// nn.expand C2
func.func @f(%x: tensor<?x?xf32, #nn.axes<B, T>>) {
  // expected-error @+1 {{result axis "P" is known only at run time}}
  %y = nn.expand %x along 1 : (tensor<?x?xf32, #nn.axes<B, T>>) -> tensor<?x?x3xf32, #nn.axes<B, P, Q>>
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

!x = tensor<?x4xf32, #nn.axes<B, E>>
!i = tensor<?x4xi32, #nn.axes<B, E>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.compare C2
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{compares 'f32' with 'i32'}}
  %y = nn.compare eq %x, %i : (!x, !i) -> !b
  return
}

// -----

!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.compare C2
func.func @f(%b: !b) {
  // expected-error @+1 {{truth values have no order}}
  %y = nn.compare le %b, %b : (!b, !b) -> !b
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!v = tensor<3xf32, #nn.axes<F>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.compare C1
func.func @f(%x: !x, %v: !v) {
  // expected-error @+1 {{axes [F] are not among [B E] in this order}}
  %y = nn.compare lt %x, %v : (!x, !v) -> !b
  return
}

// -----

!a = tensor<4xi1, #nn.axes<E>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.and C1
func.func @f(%a: !a) {
  // expected-error @+1 {{result axis "B" is an axis of no operand}}
  %y = nn.and %a, %a : (!a, !a) -> !b
  return
}

// -----

!a = tensor<4xi1, #nn.axes<E>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.or C1
func.func @f(%a: !a) {
  // expected-error @+1 {{result axis "B" is an axis of no operand}}
  %y = nn.or %a, %a : (!a, !a) -> !b
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!v = tensor<3xf32, #nn.axes<F>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.select C1
func.func @f(%b: !b, %x: !x, %v: !v) {
  // expected-error @+1 {{axes [F] are not among [B E] in this order}}
  %y = nn.select %b, %x, %v : (!b, !x, !v) -> !x
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!i = tensor<?x4xi32, #nn.axes<B, E>>
!b = tensor<?x4xi1, #nn.axes<B, E>>
// nn.select C2
func.func @f(%b: !b, %x: !x, %i: !i) {
  // expected-error @+1 {{chooses 'i32', needs 'f32'}}
  %y = nn.select %b, %x, %i : (!b, !x, !i) -> !x
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!i = tensor<?x2xi32, #nn.axes<B, A over F>>
!y = tensor<?x2xf32, #nn.axes<B, A>>
// nn.take C1
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{indices [B A] over F choose nothing of x [B E]}}
  %y = nn.take %x at %i : (!x, !i) -> !y
  return
}

// -----

!x = tensor<?x4x3xf32, #nn.axes<B, E, F>>
!i = tensor<3x?xi32, #nn.axes<F, B over E>>
!y = tensor<?x3xf32, #nn.axes<B, F>>
// nn.take C2
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{batch axes of [F B] stand in another order than in [B E F]}}
  %y = nn.take %x at %i : (!x, !i) -> !y
  return
}

// -----

!x = tensor<?x4x3xf32, #nn.axes<B, E, F>>
!i = tensor<2x3xi32, #nn.axes<A, F over E>>
!y = tensor<?x2x3xf32, #nn.axes<B, A, F>>
// nn.take C2
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{axis "F" of the indices [A F] is one of x, too}}
  %y = nn.take %x at %i : (!x, !i) -> !y
  return
}

// -----

!x = tensor<?x4xf32, #nn.axes<B, E>>
!i = tensor<?x2xi32, #nn.axes<B, A over E>>
!y = tensor<?x4xf32, #nn.axes<B, E>>
// nn.take C3
func.func @f(%x: !x, %i: !i) {
  // expected-error @+1 {{result has axes [B E], needs [B A]}}
  %y = nn.take %x at %i : (!x, !i) -> !y
  return
}
