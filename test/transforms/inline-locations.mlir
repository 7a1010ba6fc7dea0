// RUN: heddle-opt %s --nn-inline-blocks --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// An op that has become part of a caller has both places, and the name of the block that the first is in.
nn.size @B in 1 to 4
nn.size @D = 3
!x = tensor<?x3xf32, #nn.axes<B, D>>
func.func private @ffn(%x: !x) -> !x {
  %y = nn.relu %x : !x loc("m.heddle":2:3)
  return %y : !x
}
func.func private @layer(%x: !x) -> !x {
  %y = nn.call @ffn(%x) at "ffn" : (!x) -> !x loc("m.heddle":6:3)
  %z = nn.tanh %y : !x loc("m.heddle":7:3)
  return %z : !x
}
// CHECK: nn.relu {{.*}} loc(callsite("ffn"("m.heddle":2:3) at callsite("layer"("m.heddle":6:3) at "m.heddle":9:3)))
// CHECK: nn.tanh {{.*}} loc(callsite("layer"("m.heddle":7:3) at "m.heddle":9:3))
func.func @step(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.call @layer(%x) at "h" : (!x) -> !x loc("m.heddle":9:3)
  return %y : !x
}
