// What passes take for granted of a module as a whole, by the numbers of dialects/nn/VerifyModule.h.
// RUN: heddle-opt %s --nn-plan-memory --verify-diagnostics --split-input-file

// module M1
// expected-error @+1 {{is not of an nn module: there are sizes, states and functions}}
memref.global @table : memref<3xf32>

// -----

// module M2
// expected-error @+1 {{@f has no body, needs one block}}
func.func private @f()

// -----

// module M2
// expected-error @+1 {{@f has several blocks, needs one block}}
func.func @f() {
  cf.br ^next
^next:
  return
}

// -----

// module M2
// expected-error @+1 {{@f takes or gives 'memref<3xf32>', needs tensors with named axes}}
func.func @f(%x: memref<3xf32>) {
  return
}

// -----

// module M3
func.func @f(%x: tensor<3xf32, #nn.axes<D>>) {
  %c = arith.constant 0 : index
  // expected-error @+1 {{is no op of a function of an nn module}}
  %y = tensor.dim %x, %c : tensor<3xf32, #nn.axes<D>>
  return
}

// -----

// module M3
func.func @f(%x: tensor<3xf32, #nn.axes<D>>) {
  // expected-error @+1 {{is of no scalars, needs some in an nn module}}
  %y = arith.addf %x, %x : tensor<3xf32, #nn.axes<D>>
  return
}

// -----

// module M3
func.func @f() {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  // expected-error @+1 {{a loop over weights counts by one, from 0 or more to 2^31 at most, found 0 to 2 step 2}}
  scf.for %i = %c0 to %c2 step %c2 {
  }
  return
}

// -----

// module M3
!q = tensor<2x3x4x8xf32, #nn.axes<B, T, H, K>>
func.func @f(%q: !q) {
  %a = nn.attention %q, %q, %q scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{cannot stand in what is said about a pair of positions}}
    %w = nn.weight "w" : tensor<3xf32, #nn.axes<D>>
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!q, !q, !q) -> !q
  return
}

// -----

// module M4
// expected-error @+1 {{there is no size Q that is known at run time}}
func.func @f(%x: tensor<?xf32, #nn.axes<Q>>) {
  return
}

// -----

// module M4
nn.size @D = 4
// expected-error @+1 {{D is 4, not 3}}
func.func @f(%x: tensor<3xf32, #nn.axes<D>>) {
  return
}

// -----

// module M4
nn.size @D = 4
// expected-error @+1 {{D is known, not only at run time}}
func.func @f(%x: tensor<?xf32, #nn.axes<D>>) {
  return
}

// -----

// module M4
nn.size @B in 1 to 4
// expected-error @+1 {{12/B divides by B, which is known only at run time}}
func.func @f(%x: tensor<?xf32, #nn.axes<"12/B">>) {
  return
}

// -----

// module M4
nn.size @A in 1 to 4
nn.size @B in 1 to 4
nn.size @C in 1 to 4
// expected-error @+1 {{the number of elements has more than 64 terms}}
func.func @f(%x: tensor<?xf32, #nn.axes<"A^8+A^7+A^6+A^5+A^4+A^3+A^2+A">>, %y: tensor<?x?x?xf32, #nn.axes<"A^3+A^2+A+B+C", "A^3+A^2+A+B+C", "A^3+A^2+A+B+C">>) {
  return
}

// -----

// module M5
func.func @f() {
  %one = arith.constant 1 : index
  %two = arith.addi %one, %one : index
  // expected-error @+1 {{has an index that is neither a constant nor that of a loop around it}}
  %w = nn.weight "h.{0}" [%two] : tensor<3xf32, #nn.axes<D>>
  return
}

// -----

// module M6
!x = tensor<3xf32, #nn.axes<D>>
// expected-error @+1 {{@f calls itself}}
func.func @f(%x: !x) -> !x {
  %y = nn.call @g(%x) at "" : (!x) -> !x
  return %y : !x
}
func.func private @g(%x: !x) -> !x {
  %y = nn.call @f(%x) at "" : (!x) -> !x
  return %y : !x
}

// -----

// module M7
func.func @f() {
  // expected-error @+1 {{layout is #kernel.layout<"plain f32">, needs panels}}
  %w = nn.weight "w" layout <"plain f32"> : tensor<3x4xf32, #nn.axes<D, E>>
  return
}

// -----

// module M7
func.func @f() {
  // expected-error @+1 {{panel<0> f32: a panel has at least one column}}
  %w = nn.weight "w" layout <"panel<0> f32"> : tensor<3x4xf32, #nn.axes<D, E>>
  return
}

// -----

// module M7
func.func @f() {
  // expected-error @+1 {{is stored as f32, the layout is #kernel.layout<"panel<32, 2> bf16">}}
  %w = nn.weight "w" layout <"panel<32, 2> bf16"> : tensor<3x4xf32, #nn.axes<D, E>>
  return
}

// -----

// module M7
!x = tensor<2x4xf32, #nn.axes<"2", E>>
func.func @f(%x: !x) {
  // expected-error @+1 {{lies as #kernel.layout<"panel<32> f32 transposed">, which 'nn.linear' cannot read}}
  %w = nn.weight "w" layout <"panel<32> f32 transposed"> : tensor<3x4xf32, #nn.axes<D, E>>
  %y = nn.linear %x, %w contracts 1 : (!x, tensor<3x4xf32, #nn.axes<D, E>>) -> tensor<2x3xf32, #nn.axes<"2", D>>
  return
}

// -----

// module M7
func.func @f() {
  // expected-error @+1 {{has parts that are not joined along its outputs}}
  %w = nn.weight "a" then ["b"] of [tensor<3x4xf32, #nn.axes<D, E>>, tensor<3x4xf32, #nn.axes<D, E>>] : tensor<3x8xf32, #nn.axes<D, "2*E">>
  return
}

// -----

// module M3
!r = tensor<3x4x!nn.dynamic<row>, #nn.axes<D, E>>
func.func @f(%x: tensor<3x4xf32, #nn.axes<D, E>>) {
  %r = nn.narrow %x contracts 1 : tensor<3x4xf32, #nn.axes<D, E>> -> !r
  // expected-error @+1 {{has quantised rows, which nn.narrow makes for nn.linear alone}}
  %y = nn.pick first %r over "D" : (!r) -> tensor<4x!nn.dynamic<row>, #nn.axes<E>>
  return
}

// -----

// module M3
!q = tensor<2x3x4x8xf32, #nn.axes<B, T, H, K>>
func.func @f(%q: !q) {
  %a = nn.attention %q, %q, %q scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.addi %i, %j : index
    %1 = arith.addi %0, %0 : index
    %2 = arith.addi %1, %1 : index
    %3 = arith.addi %2, %2 : index
    %4 = arith.addi %3, %3 : index
    %5 = arith.addi %4, %4 : index
    %6 = arith.addi %5, %5 : index
    %7 = arith.addi %6, %6 : index
    %8 = arith.addi %7, %7 : index
    %9 = arith.addi %8, %8 : index
    %10 = arith.addi %9, %9 : index
    %11 = arith.addi %10, %10 : index
    // expected-error @+1 {{ends an expression of more than 4096 terms}}
    %12 = arith.addi %11, %11 : index
    %c = arith.cmpi sle, %j, %12 : index
    nn.yield %c : i1
  } : (!q, !q, !q) -> !q
  return
}
