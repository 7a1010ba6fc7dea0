// Weights are numbered along the calls, and equal paths are one tensor.
// RUN: heddle-opt %s --nn-plan-memory --describe-program --split-input-file --verify-diagnostics | FileCheck %s

!x = tensor<?x3xf32, #nn.axes<B, D>>
!w = tensor<3xf32, #nn.axes<D>>

// The first slot is tied to the last; layers take two slots each, the loop begins with layer 2.
// CHECK: program.entry @entry {{.*}}weights <0 to 5, 0>
// CHECK: program.tensor {{[0-9]+}} <"wte"
// CHECK: program.tensor {{[0-9]+}} <"h.2.ln.weight"
// CHECK: program.tensor {{[0-9]+}} <"h.2.scale.weight"
// CHECK: program.tensor {{[0-9]+}} <"h.3.ln.weight"
// CHECK: program.tensor {{[0-9]+}} <"h.3.scale.weight"
// CHECK: program.tensor {{[0-9]+}} <"shared"
nn.size @B in 1 to 4
func.func @scale(%x: !x) -> !x {
  %w = nn.weight "weight" : !w
  %y = nn.mul %x, %w : (!x, !w) -> !x
  return %y : !x
}
func.func @layer(%x: !x) -> !x {
  %w = nn.weight "ln.weight" : !w
  %y = nn.add %x, %w : (!x, !w) -> !x
  %z = nn.call @scale(%y) at "scale" : (!x) -> !x
  return %z : !x
}
func.func @outer(%x: !x) -> !x {
  %first = arith.constant 2 : index
  %last = arith.constant 4 : index
  %one = arith.constant 1 : index
  %y = scf.for %l = %first to %last step %one iter_args(%c = %x) -> (!x) {
    %z = nn.call @layer(%c) at "h.{0}" [%l] : (!x) -> !x
    scf.yield %z : !x
  }
  %s = nn.weight absolute "shared" : !w
  %t = nn.mul %y, %s : (!x, !w) -> !x
  return %t : !x
}
func.func @entry(%x: !x) -> !x attributes {nn.entry} {
  %w = nn.weight "wte" : !w
  %a = nn.mul %x, %w : (!x, !w) -> !x
  %y = nn.call @outer(%a) at "" : (!x) -> !x
  %z = nn.call @tied(%y) at "any.where" : (!x) -> !x
  return %z : !x
}
func.func @tied(%x: !x) -> !x {
  %w = nn.weight absolute "wte" : !w
  %a = nn.mul %x, %w : (!x, !w) -> !x
  return %a : !x
}

// -----

// Experts: the block of each number has its own stretch of slots.
!x = tensor<?x3xf32, #nn.axes<B, D>>
!w = tensor<3xf32, #nn.axes<D>>
// CHECK: program.entry {{.*}}weights <0 to 5>
// CHECK: program.tensor {{[0-9]+}} <"experts.0.a"
// CHECK: program.tensor {{[0-9]+}} <"experts.0.b"
// CHECK: program.tensor {{[0-9]+}} <"experts.1.a"
// CHECK: program.tensor {{[0-9]+}} <"experts.2.b"
nn.size @B in 1 to 4
func.func @expert(%x: !x) -> !x {
  %a = nn.weight "a" : !w
  %y = nn.mul %x, %a : (!x, !w) -> !x
  %b = nn.weight "b" : !w
  %z = nn.mul %y, %b : (!x, !w) -> !x
  return %z : !x
}
func.func @entry(%x: !x, %i: tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x3xf32, #nn.axes<B, A, D>> attributes {nn.entry} {
  %y = nn.route @expert(%x) by %i of 3 at "experts.{0}"
     : (!x, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x3xf32, #nn.axes<B, A, D>>
  return %y : tensor<?x2x3xf32, #nn.axes<B, A, D>>
}

// -----

!x = tensor<3xf32, #nn.axes<D>>
func.func @entry(%x: !x) -> !x {
  %first = arith.constant 0 : index
  %two = arith.constant 2 : index
  %n = arith.addi %two, %two : index
  %one = arith.constant 1 : index
  // expected-error @+1 {{a loop over weights needs constant bounds}}
  %y = scf.for %l = %first to %n step %one iter_args(%c = %x) -> (!x) {
    %w = nn.weight "h.{0}" [%l] : !x
    %z = nn.mul %c, %w : (!x, !x) -> !x
    scf.yield %z : !x
  }
  return %y : !x
}
