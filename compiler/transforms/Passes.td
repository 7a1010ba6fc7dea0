//===- Passes.td - passes within one dialect ------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_PASSES_TD
#define HEDDLE_COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"nn-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give every value of every function its place in the arena";
  let description = [{
    Places are polynomials in the sizes known at run time, and are shared between values that do not live at the same
    time. Each function notes its buffers (bytes each) and, as `nn.arena`, what it needs together with its callees;
    each op notes the buffers of its results, then of its scratch space. Numbers below zero say that a result needs
    none: −1, it is not stored by this op (weights, caches); −2 − n, it is written straight to the function's result n.

    Before:
    ```mlir
    func.func @f(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> tensor<?x?x8xf32, #nn.axes<B, T, D>> {
      %a = nn.relu %x : …
      %b = nn.gelu %a : …
      return %b : …
    }
    ```
    After:
    ```mlir
    func.func @f(…) attributes {nn.arena = "32*B*T+64", nn.buffers = ["32*B*T"]} {
      %a = nn.relu %x {nn.places = array<i64: 0>} : …
      %b = nn.gelu %a {nn.places = array<i64: -2>} : …
      return %b : …
    }
    ```
  }];
}

#endif // HEDDLE_COMPILER_TRANSFORMS_PASSES_TD
