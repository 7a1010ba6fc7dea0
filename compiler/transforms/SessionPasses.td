//===- SessionPasses.td - passes about what a session keeps ---------------------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_SESSIONPASSES_TD
#define HEDDLE_COMPILER_TRANSFORMS_SESSIONPASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowCaches : Pass<"nn-narrow-caches", "::mlir::ModuleOp"> {
  let summary = "keys and values kept in fewer bits";
  let description = [{
    Caches that only attention reads, as keys or values, hold elements of `type`: half the memory, and half the traffic of
    a step; with `q8` some more than a quarter, a head's keys or values of a position being integers with one scale, rounded
    to a 127th of the largest. What is appended is rounded to the nearest, ties to even; attention computes in f32 as before. A cache
    that something else reads stays f32, with a remark. States are kept alike: what nn-hoist-state has made of the keys and
    values of cross-attention.

    Before:
    ```mlir
    %ks = nn.cache_append "k" %k from "T" to "S" : (tensor<?x?x2x8xf32, …>) -> tensor<?x?x2x8xf32, …>
    ```
    After, with `type=bf16`:
    ```mlir
    %ks = nn.cache_append "k" %k from "T" to "S" : (tensor<?x?x2x8xf32, …>) -> tensor<?x?x2x8xbf16, …>
    ```
  }];
  let options = [Option<"type", "type", "std::string", "\"f32\"", "f32, bf16 or q8">];
  let dependentDialects = ["::heddle::nn::NNDialect"];
}

def KeepWindows : Pass<"nn-keep-windows", "::mlir::ModuleOp"> {
  let summary = "of keys and values, what a window shows";
  let description = [{
    Where attention alone reads a cache, and every mask admits no key further back than a constant, the session need not
    keep more: it has a ring of the newest positions, as many as the widest window and what a call appends. Of layers that
    are one loop all have one window, since their masks are one; a cache that some attention reads as a whole stays whole.

    Before:
    ```mlir
    %ks = nn.cache_append "k" %k from "T" to "S" : …
    … nn.attention %q, %ks, %vs scale 0.5 where { … key <= query and query - key < 512 … }
    ```
    After:
    ```mlir
    %ks = nn.cache_append "k" %k from "T" to "S" within 512 : …
    ```
  }];
}

def HoistState : Pass<"nn-hoist-state", "::mlir::ModuleOp"> {
  let summary = "what depends on a state alone, computed when it is set";
  let description = [{
    Products of a state and weights, and what is computed from them and nothing else: keys and values of cross-attention. They
    become states of their own, one for each turn of the loops around them, and are computed after every write of the
    state. A state that nothing reads any more goes. Entries that compute the same have it from the same states. They need to read the state
    themselves, which nn-inline-blocks and nn-inline-state-readers see to, or there is a remark.

    Before:
    ```mlir
    func.func @encode(…) {
      nn.state_write @memory, %x : …
    }
    func.func @step(…) {
      %m = nn.state_read @memory : …
      scf.for %l = … {
        %w = nn.weight "{0}.k.weight" [%l] : …
        %k = nn.linear %m, %w contracts 1 : …
    ```
    After:
    ```mlir
    func.func @encode(…) {
      scf.for %l = … {
        %w = nn.weight absolute "{0}.k.weight" [%l] : …
        %k = nn.linear %x, %w contracts 1 : …
        nn.state_write @memory.0, %k at "{0}" [%l] : …
      }
    }
    func.func @step(…) {
      scf.for %l = … {
        %k = nn.state_read @memory.0 at "{0}" [%l] : …
    ```
  }];
}

#endif // HEDDLE_COMPILER_TRANSFORMS_SESSIONPASSES_TD
