// RUN: heddle-opt %s --nn-plan-memory --describe-program | FileCheck %s --check-prefixes=CHECK,CALLED
// RUN: heddle-opt %s --nn-inline-blocks --nn-plan-memory --describe-program | FileCheck %s --check-prefixes=CHECK,INLINED

!x = tensor<?x3xf32, #nn.axes<B, D>>

// What a loop runs is of the block that it calls, and numbered as the loop counts. A block that a layer calls twice runs twice a layer:
// its runs do not count them. What stands before the loop is of none.
// CHECK: program.site {{[0-9]+}} "norm: relu [B D]" {{.*}} layer "layer" from 2 within{{$}}
// CALLED: program.site {{[0-9]+}} "layer: tanh [B D]" bytes "24*B" layer "layer" from 2{{$}}
// CALLED: program.site {{[0-9]+}} "step: relu [B D]" bytes "24*B"{{$}}
// CALLED: program.site {{[0-9]+}} "step: silu [B D]" bytes "24*B" layer "layer" from 2{{$}}
// INLINED: program.site {{[0-9]+}} "step: relu [B D]" bytes "24*B"{{$}}
// INLINED: program.site {{[0-9]+}} "step: silu [B D]" bytes "24*B" layer "layer" from 2{{$}}
// INLINED: program.site {{[0-9]+}} "step: tanh [B D]" bytes "24*B" layer "layer" from 2{{$}}
module attributes {nn.model = "layers"} {
  nn.size @B in 1 to 4
  nn.size @D = 3
  func.func private @norm(%x: !x) -> !x {
    %y = nn.relu %x : !x
    return %y : !x
  }
  func.func private @layer(%x: !x) -> !x {
    %a = nn.call @norm(%x) at "a" : (!x) -> !x
    %b = nn.tanh %a : !x
    %c = nn.call @norm(%b) at "b" : (!x) -> !x
    return %c : !x
  }
  func.func @step(%x: !x) -> !x attributes {nn.entry} {
    %c2 = arith.constant 2 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %h = nn.relu %x : !x
    %r = scf.for %l = %c2 to %c5 step %c1 iter_args(%t = %h) -> !x {
      %s = nn.silu %t : !x
      %y = nn.call @layer(%s) at "h.{0}" [%l] : (!x) -> !x
      scf.yield %y : !x
    }
    return %r : !x
  }
}
