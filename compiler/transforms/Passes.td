//===- Passes.td - passes within one dialect ------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_PASSES_TD
#define HEDDLE_COMPILER_TRANSFORMS_PASSES_TD

include "compiler/transforms/SessionPasses.td"
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

def InlineBlocks : Pass<"nn-inline-blocks", "::mlir::ModuleOp"> {
  let summary = "blocks called from one place, made part of it";
  let description = [{
    Code does not grow, and fusion sees what lies on both sides of the call. A block that is called from several places, or
    for routed tokens, stays a function. So does one with a recurrence within a loop, whose path has no indices.

    Before:
    ```mlir
    func.func @ffn(%x: …) -> … {
      %w = nn.weight "up.weight" : …
      %y = nn.linear %x, %w contracts 1 : …
      return %y : …
    }
    %y = nn.call @ffn(%x) at "h.{0}.mlp" [%l] : …
    ```
    After:
    ```mlir
    %w = nn.weight "h.{0}.mlp.up.weight" [%l] : …
    %y = nn.linear %x, %w contracts 1 : …
    ```
  }];
}

def InlineStateReaders : Pass<"nn-inline-state-readers", "::mlir::ModuleOp"> {
  let summary = "blocks that entries hand a state, made part of each";
  let description = [{
    What a block computes from a state alone is to be computed when the state is set (nn-hoist-state), which is seen where the block is
    part of the entry that reads it. Several entries that share one, as a step and what verifies drafts of it, get its ops each; what is fused within it
    has been fused by then, so that they share its weights. Other blocks stay what they are.

    Before:
    ```mlir
    func.func @decoder(%x: …, %m: …) -> … {
      %k = nn.linear %m, %w contracts 1 : …
    }
    func.func @step(…) -> … { %m = nn.state_read @memory : …  %y = nn.call @decoder(%x, %m) at "decoder" : … }
    func.func @score(…) -> … { %m = nn.state_read @memory : …  %y = nn.call @decoder(%x, %m) at "decoder" : … }
    ```
    After:
    ```mlir
    func.func @step(…) -> … { %m = nn.state_read @memory : …  %k = nn.linear %m, %w contracts 1 : … }
    func.func @score(…) -> … { %m = nn.state_read @memory : …  %k = nn.linear %m, %w contracts 1 : … }
    ```
  }];
}

def FindVerifier : Pass<"nn-find-verifier", "::mlir::ModuleOp"> {
  let summary = "the entry that gives for every position what the step gives for the last";
  let description = [{
    Drafts of a text are verified by one call that gives the logits behind each of their tokens. An entry does that if it is the
    step of `generate` without its `last`: the same ops on the same values, under the same paths, up to `last`, and behind it ops that
    compute each position from itself alone. Its name is kept in `nn.verify`; where no entry is like that, there is none.

    Before:
    ```mlir
    module attributes {nn.generate = ["step"]} {
      func.func @step(…) -> … { %x = nn.call @decoder(%ids) …  %l = nn.pick last %x over "T" …  %y = nn.linear %l, %w … }
      func.func @score(…) -> … { %x = nn.call @decoder(%ids) …  %y = nn.linear %x, %w … }
    }
    ```
    After:
    ```mlir
    module attributes {nn.generate = ["step"], nn.verify = "score"} { … }
    ```
  }];
}

def FuseEpilogue : Pass<"nn-fuse-epilogue", "::mlir::ModuleOp"> {
  let summary = "what is done to a product's results, within the product";
  let description = [{
    Elementwise ops that alone read a product or a convolution, and each other, up to the one whose value is read
    elsewhere, become part of its epilogue: activations by name or spelled out, residuals, scales by a number or a vector
    over the columns or channels, batch normalisation, caps. The other operands have the result's axes, or its columns',
    or, of a product, none; what they are computed from may not need the product. f(x W₁ᵀ, x W₂ᵀ) becomes one paired product: of two products of the same x, whose weights are then joined in
    the packed file, or of the two results of one. A residual behind a norm is added by the norm. What reads a product, or
    adds a norm, and stays as it is gets a remark.

    Before:
    ```mlir
    %g = nn.linear %x, %gate contracts 1 : …
    %a = nn.silu %g : …
    %u = nn.linear %x, %up contracts 1 : …
    %m = nn.mul %a, %u : …
    %h = nn.linear %m, %down bias %b contracts 1 : …
    %y = nn.add %x, %h : …
    ```
    After:
    ```mlir
    %w = nn.weight "gate_proj.weight" then ["up_proj.weight"] of […] : …
    %m = nn.linear %x, %w contracts 1 paired then {
    ^bb0(%gate: f32, %up: f32):
      %0 = scalar.silu %gate
      %1 = arith.mulf %0, %up : f32
      nn.yield %1 : f32
    } : …
    %y = nn.linear %m, %down bias %b with %x contracts 1 then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = arith.addf %residual, %sum : f32
      nn.yield %0 : f32
    } : …
    ```
  }];
  let options = [
    Option<"groupsInPairs", "groups-in-pairs", "bool", "true",
           "pair weights with a scale for every group of inputs too">
  ];
}

def ObserveInputs : Pass<"kernel-observe-inputs", "::mlir::ModuleOp"> {
  let summary = "calls of heddle_observe_inputs before every product";
  let description = [{
    Before every product of f32 whose weight lies in a slot, a call that is given the slot and the product's inputs
    (runtime/observe.h). Other products get a remark. Programs that are written to files have no such calls.

    Before:
    ```mlir
    %w = kernel.weight %slots[%slot] : memref<1x8x32xf32>
    kernel.matmul %x, %w into %y : memref<?x8xf32>, memref<1x8x32xf32> into memref<?x7xf32>
    ```
    After:
    ```mlir
    %w = kernel.weight %slots[%slot] : memref<1x8x32xf32>
    %inputs = memref.cast %x : memref<?x8xf32> to memref<?x?xf32, strided<[?, ?], offset: ?>>
    func.call @heddle_observe_inputs(%frame, %slots, %slot, %inputs)
      : (!kernel.frame, !kernel.slots, index, memref<?x?xf32, strided<[?, ?], offset: ?>>) -> ()
    kernel.matmul %x, %w into %y : memref<?x8xf32>, memref<1x8x32xf32> into memref<?x7xf32>
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect"];
}

def ObserveLayers : Pass<"nn-observe-layers", "::mlir::ModuleOp"> {
  let summary = "what each layer hands on, as an answer of an entry";
  let description = [{
    For each of `entries`, one more entry, `NAME__layers`, with blocks of its own: it takes the same, and answers with what the
    loops of layers carry after every turn, an answer a loop, called by the path of its layers. Where several values are
    carried it is the first that is real. An entry without such a loop gets none, and a remark.

    Before:
    ```mlir
    func.func @score(%x: tensor<?x?x8xf32, #nn.axes<B, T, D>>) -> … attributes {nn.entry} {
      %y = scf.for %l = %c0 to %c4 step %c1 iter_args(%h = %x) -> (tensor<?x?x8xf32, #nn.axes<B, T, D>>) {
        %z = nn.call @layer(%h) at "layers.{0}" [%l] : …
        scf.yield %z : …
      }
      …
    }
    ```
    After, beside it:
    ```mlir
    func.func @score__layers(%x: …) -> (tensor<?x?x4x8xf32, #nn.axes<B, T, "4", D>> {nn.name = "layers"}) attributes {nn.entry} {
      %lines = nn.positions "4" : …
      …
      %y, %all = scf.for %l = … iter_args(%h = %x, %seen = %empty) -> … {
        %z = nn.call @layer_0(%h) at "layers.{0}" [%l] : …
        %turn = nn.loop_number %l from 0 of <[0.0, 1.0, 2.0, 3.0]> : …
        %now = nn.compare eq %lines, %turn : …
        %more = nn.select %now, %z, %seen : …
        scf.yield %z, %more : …
      }
      return %all : …
    }
    ```
  }];
  let options = [ListOption<"entries", "entries", "std::string", "names of entries">];
}

def Unfuse : Pass<"nn-unfuse"> {
  let summary = "what only the fast path can read, undone";
  let description = [{
    Takes layouts off weights, groups off experts and windows off caches; caches in 8 bits hold f32 that have been rounded
    alike. The reference computes a fused module this way.

    Before:
    ```mlir
    %w = nn.weight "up.weight" layout <"panel<32> f32"> : …
    ```
    After:
    ```mlir
    %w = nn.weight "up.weight" : …
    ```
  }];
}

def MergeProjections : Pass<"nn-merge-projections", "::mlir::ModuleOp"> {
  let summary = "products of one x, made one";
  let description = [{
    Query, key and value, say, or the keys and values of cross-attention: x is read once, threads share one piece of work,
    and the weights are one stream. The weights are joined in the packed file. What reads the same x and is not merged
    gets a remark with the reason: a weight that something else reads too (it would stand in the file twice), another
    order of the weight, a bias that only some have, an activation.

    Before:
    ```mlir
    %wq = nn.weight "q_proj.weight" : tensor<8x8xf32, #nn.axes<"H*K", D>>
    %q = nn.linear %x, %wq contracts 1 : …
    %wk = nn.weight "k_proj.weight" : tensor<4x8xf32, #nn.axes<"G*K", D>>
    %k = nn.linear %x, %wk contracts 1 : …
    ```
    After:
    ```mlir
    %w = nn.weight "q_proj.weight" then ["k_proj.weight"] of [tensor<8x8xf32, …>, tensor<4x8xf32, …>]
       : tensor<12x8xf32, #nn.axes<"G*K+H*K", D>>
    %q, %k = nn.linear %x, %w contracts 1 : …
    ```
  }];
}

def SplitLayers : Pass<"nn-split-layers", "::mlir::ModuleOp"> {
  let summary = "loops cut where the types of their layers' weights change";
  let description = [{
    `dtype`, `stored`, `quant` and what the model file keeps say in which type each weight will be stored, as for nn-quantize. Where
    that changes from one turn of a loop to the next, the loop becomes two, each with blocks of its own; layers alike
    stay one code.

    Before:
    ```mlir
    %y = scf.for %l = %c0 to %c8 … { nn.call @layer(…) at "h.{0}" [%l] }
    ```
    After, with `quant=h.0.**=q8`:
    ```mlir
    %x1 = scf.for %l = %c0 to %c1 … { nn.call @layer(…) at "h.{0}" [%l] }
    %y = scf.for %l = %c1 to %c8 … { nn.call @layer_0(…) at "h.{0}" [%l] }
    ```
  }];
  let options = [Option<"dtype", "dtype", "std::string", "\"f32\"", "f32 or bf16">,
                 ListOption<"stored", "stored", "std::string", "PATH=TYPE, as the checkpoint has it">,
                 ListOption<"quant", "quant", "std::string", "PATTERN=TYPE, a type of PackedFormat.h">];
}

def Quantize : Pass<"nn-quantize", "::mlir::ModuleOp"> {
  let summary = "in which types weights are stored, and what their products read";
  let description = [{
    A weight of a product or a table of embeddings is stored as `dtype` says, as the checkpoint has it (`stored`), or as
    the last of the `quant` rules that fits its path; others stay f32. A table follows the product that reads the same
    tensor. What the model file keeps (`keep f32 "…"`) is stored in the more precise of both types, as PackedFormat.h has
    them in order, but what is `stored` stays that. Products that read a narrow weight get their rows through nn.narrow,
    unless it is of floats that are `stored`, or of f16: those are widened, and multiplied in f32.

    All layers of a loop are one code: types that differ between them are an error, unless nn-split-layers cut the loop
    before, or all are floats to be widened, which f32 holds too. A rule that fits no weight is one too.

    Before:
    ```mlir
    %w = nn.weight "w" : tensor<24x8xf32, #nn.axes<E, D>>
    %y = nn.linear %x, %w contracts 1 : …
    ```
    After, with `quant=**=q8`:
    ```mlir
    %w = nn.weight "w" stored q8 : tensor<24x8xf32, #nn.axes<E, D>>
    %n = nn.narrow %x contracts 1 : … -> tensor<?x8x!nn.dynamic<32>, #nn.axes<B, D>>
    %y = nn.linear %n, %w contracts 1 : …
    ```
  }];
  let options = [Option<"dtype", "dtype", "std::string", "\"f32\"", "f32 or bf16">,
                 ListOption<"stored", "stored", "std::string", "PATH=TYPE, as the checkpoint has it">,
                 ListOption<"quant", "quant", "std::string", "PATTERN=TYPE, a type of PackedFormat.h">,
                 Option<"wide", "wide", "bool", "false", "quantise activations in groups to 16 bits, not 8">];
}

def GroupTokens : Pass<"nn-group-tokens", "::mlir::ModuleOp"> {
  let summary = "routed blocks run on the tokens that chose them";
  let description = [{
    An expert whose result at a token depends on that token alone need not see the others. What is routed to a block that
    mixes tokens (attention, a recurrence, a sum over them) gets a remark with the reason and goes on running on all.

    Before:
    ```mlir
    %y = nn.route @expert(%x) by %e of 8 at "experts.{0}" : …
    ```
    After:
    ```mlir
    %y = nn.route @expert(%x) by %e of 8 grouped at "experts.{0}" : …
    ```
  }];
}

def AssignLayouts : Pass<"nn-assign-layouts", "::mlir::ModuleOp"> {
  let summary = "how each weight lies in the packed file";
  let description = [{
    Weights of products are packed in panels, each result's columns beginning a panel; so are tables whose rows are read
    where the same tensor is also a product's weight. Everything else is packed plain, with `plain` also what is not
    quantised: nn-to-linalg reads those rows without knowing of panels.

    Before:
    ```mlir
    %w = nn.weight "w" : tensor<24x8xf32, #nn.axes<"3*D", D>>
    %q, %k = nn.linear %x, %w contracts 1 : …
    ```
    After:
    ```mlir
    %w = nn.weight "w" layout <"panel<32> f32 groups<16, 8>"> : tensor<24x8xf32, #nn.axes<"3*D", D>>
    %q, %k = nn.linear %x, %w contracts 1 : …
    ```
  }];
  let options = [Option<"plain", "plain", "bool", "false", "panels only where the type needs them">];
  let dependentDialects = ["::heddle::kernel::KernelDialect"];
}

def RaiseAttention : Pass<"nn-raise-attention", "::mlir::ModuleOp"> {
  let summary = "attention written in primitives to nn.attention";
  let description = [{
    Recognises `dot(softmax(scores), v)` with `scores = dot(q, k)`, or the sum over the depth of another function of both
    (distances, additive scores), which becomes a `score`. They may be scaled by numbers, or by a tensor that then scales
    the queries; masked; capped; and have biases added: in any number, and in any order that says the same. What is added
    to all scores of a query changes nothing and goes. Query heads may have two axes, of which keys have the first, and
    keys no axis of heads. Keys and values along a second name of the queries' axis (`nn.size @S as @T`) lose it: those
    are the keys of the call. What looks like this and is not raised gets a remark with the reason.

    Before:
    ```mlir
    %s = nn.dot %q, %k over "K" : …
    %d = nn.div %s, %root : …
    %m = nn.mask %d query "T" key "S" where { … } : …
    %p = nn.softmax %m over "S" : …
    %a = nn.dot %p, %v over "S" : …
    ```
    After:
    ```mlir
    %a = nn.attention %q, %k, %v scale 0.125 where { … } : …
    ```
  }];
}

def DescribeProgram : Pass<"describe-program", "::mlir::ModuleOp"> {
  let summary = "note what runtime and packer need to know, before nn is lowered away";
  let description = [{
    After nn-plan-memory. Sizes, entries with their shapes, caches, profile points and weights become a
    `program.description` (dialects/program), which stays in the module to the end; ops that compute get the numbers of
    their profile points.

    Before:
    ```mlir
    module attributes {nn.model = "m"} {
      nn.size @B in 1 to 4
      func.func @double(%x: tensor<?x3xf32, #nn.axes<B, D>>) -> tensor<?x3xf32, #nn.axes<B, D>>
          attributes {nn.entry, nn.arena = "0"} {
        %y = nn.add %x, %x : …
    ```
    After:
    ```mlir
    module attributes {nn.model = "m"} {
      program.description "m" rows "B" {
        program.size "B" in 1 to 4
        program.entry @double {
          program.input "x" "B D" : f32 ["B", "3"]
          program.output "result" "B D" : f32 ["B", "3"]
        }
        program.site 0 "double: add [B D]" bytes "36*B"
      }
      nn.size @B in 1 to 4
      func.func @double(%x: tensor<?x3xf32, #nn.axes<B, D>>) -> tensor<?x3xf32, #nn.axes<B, D>>
          attributes {nn.entry, nn.arena = "0"} {
        %y = nn.add %x, %x {nn.site = 0 : i32} : …
    ```
  }];
  let dependentDialects = ["::heddle::program::ProgramDialect"];
}

#endif // HEDDLE_COMPILER_TRANSFORMS_PASSES_TD
