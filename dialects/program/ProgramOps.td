//===- ProgramOps.td - the description of a program ---------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_PROGRAM_PROGRAMOPS_TD
#define HEDDLE_DIALECTS_PROGRAM_PROGRAMOPS_TD

include "dialects/kernel/KernelAttrs.td"
include "dialects/nn/NNInterfaces.td"
include "dialects/program/ProgramAttrs.td"
include "mlir/IR/Properties.td"
include "mlir/IR/SymbolInterfaces.td"

class Program_Op<string opMnemonic, list<Trait> traits = []> : Op<Program_Dialect, opMnemonic, traits> {
  let hasVerifier = 1;
}

/// Of an op that holds others.
defvar Program_holds = [NoTerminator, SingleBlock, NoRegionArguments];

/// A line of the description.
class Program_Line<string opMnemonic, list<Trait> traits = []>
    : Program_Op<opMnemonic, [HasParent<"DescriptionOp">] # traits>;

def Program_DescriptionOp
    : Program_Op<"description", [HasParent<"::mlir::ModuleOp">, NN_BesideModel] # Program_holds> {
  let summary = "what runtime and packer have to know of a program";
  let description = [{
    The name prefixes the C interface. `rows` is the size that counts the rows of a call; without it, every call has one.
    `prefill_in_chunks`: a prompt may be given in several calls. `tokenizer`: the packed file carries one.

    C1. A module has one description. Its name is of letters, digits and underscores, or empty.
    C2. It holds sizes, entries, caches, profile points and tensors. No two sizes have the same name, no two entries the same
        function, and there are 8 sizes at most.
    C3. Every name of a size is that of a `program.size`, and powers of sizes are from −128 to 127.
    C4. Caches, profile points and tensors are numbered from 0, in order.
    C5. Slots hold caches and tensors that there are; all entries together have 500000 at most.

    ```mlir
    program.description "gpt2" rows "B" prefill_in_chunks tokenizer {
      program.size "B" in 1 to 32
      program.size "T" in 1 to 64 per "B"
      program.size "S" in 1 to 64 per "B" grown by "T"
      program.entry @step generates step arena "864*B*T+256*B" weights <0 to 40, 0> caches <0> grows ["S"] {
        program.input "ids" "B T" : i32 ["B", "T"] below 97
        program.output "result" "B V" : f32 ["B", "97"]
      }
      program.cache 0 "h.0.attn.k" of 128 bytes per "S"
      program.site 0 "step: pick [B D]" bytes "128*B*T+128*B"
      program.tensor 0 <"wte.weight" [97, 32] "V D" at "gpt2.heddle:46:7"> as <"panel<32> f32"> normal
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrAttr>:$rows, UnitAttr:$prefill_in_chunks, UnitAttr:$tokenizer);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name (`rows` $rows^)? (`prefill_in_chunks` $prefill_in_chunks^)? (`tokenizer` $tokenizer^)? $body attr-dict
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The tensor, and the cache, of each slot of the program: the lines of its entries, one after the other.
    std::vector<int32_t> weightSlots();
    std::vector<int32_t> cacheSlots();
    /// Equal for equal slots: a packed file and a program fit together if theirs are equal. It covers what the code assumes
    /// of every slot: whose tensor it is, its shape, its layout with the type of its elements, and its bytes.
    uint64_t fingerprint();
  }];
}

def Program_SizeOp : Program_Line<"size"> {
  let summary = "size that is known at run time";
  let description = [{
    With `per`, every row of that size has its own. `grown by`: over a session, it accumulates that size.

    C1. The name is of letters, digits and underscores.
    C2. 0 ≤ min ≤ max ≤ 2^40, and max and step are from 1 on.

    ```mlir
    program.size "T" in 2 to 512 step 2 per "B"
    ```
  }];
  let arguments = (ins StrAttr:$name, Program_Length:$min, Program_Length:$max, DefaultValuedAttr<Program_Length, "1">:$step,
                       OptionalAttr<StrAttr>:$per, OptionalAttr<StrAttr>:$grown_by);
  let assemblyFormat = "$name `in` $min `to` $max (`step` $step^)? (`per` $per^)? (`grown` `by` $grown_by^)? attr-dict";
}

//===----------------------------------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------------------------------===//

def Program_EntryOp : Program_Line<"entry", Program_holds # [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "function that a host can call";
  let description = [{
    `arena` is an upper bound, in bytes, of the working memory of a call. `weights` and `caches` are the entry's lines of
    the tables of slots: the code of the entry adds the slots of the entries before it. `generates` says what it does when a text is
    written: the step, something before the first, or the step for every position that it reads (nn-find-verifier). `grows`, `sets` and `reads` are the sizes counted by the caches that it appends
    to, the states that it sets, and those that it reads.

    C1. The function is in the module, has a body, and a name of letters, digits and underscores.
    C2. There are inputs and outputs, 32 inputs at most, and no two have the same name.

    ```mlir
    program.entry @encode generates before arena "12*B*M" weights <0 to 3> sets ["M"] {
      program.input "x" "B M D" : f32 ["B", "M", "3"]
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$function, DefaultValuedProp<Program_EnumProp<Program_Role>, "GenerateRole::None">:$generates,
                       OptionalAttr<Program_SizeExpr>:$arena, OptionalAttr<Program_SlotsAttr>:$weights,
                       OptionalAttr<Program_SlotsAttr>:$caches, OptionalAttr<StrArrayAttr>:$grows,
                       OptionalAttr<StrArrayAttr>:$sets, OptionalAttr<StrArrayAttr>:$reads);
  let regions = (region SizedRegion<1>:$values);
  let assemblyFormat = [{
    $function (`generates` $generates^)? (`arena` $arena^)? (`weights` $weights^)? (`caches` $caches^)?
    (`grows` $grows^)? (`sets` $sets^)? (`reads` $reads^)? $values attr-dict
  }];
  let hasRegionVerifier = 1;
}

class Program_Value<string opMnemonic> : Program_Op<opMnemonic, [HasParent<"EntryOp">]> {
  dag valueArguments = (ins StrAttr:$name, StrAttr:$axes, Program_ElementType:$type, Program_SizeExprs:$dims,
                            OptionalAttr<Program_Number>:$below);
}

def Program_InputOp : Program_Value<"input"> {
  let summary = "input of an entry";
  let description = [{
    Its name, its axes as in the model file, the type of its elements, and its dimensions in sizes known at run time, of which
    those with a value a row give the size of one row. `below`: the elements are indices, and this is their bound. One with a
    default may be left out. `of`: its numbers come from pictures or from sound, whose files a program reads as well.

    C1. The name is of letters, digits and underscores.
    C2. Axes are size expressions.
    C3. The number of elements is a polynomial of 64 terms at most.

    ```mlir
    program.input "ids" "B T" : i32 ["B", "T"] below 50257
    program.input "scale" "B T D" : f32 ["B", "T", "3"] default 0.5
    program.input "img" "B C Y X" : f32 ["B", "3", "224", "224"] of image
    ```
  }];
  let arguments = !con(valueArguments, (ins OptionalAttr<F64Attr>:$default_value,
                                          DefaultValuedProp<Program_EnumProp<Program_Content>, "Content::Numbers">:$content));
  let assemblyFormat = [{
    $name $axes `:` $type $dims (`below` $below^)? (`default` $default_value^)? (`of` $content^)? attr-dict
  }];
}

def Program_OutputOp : Program_Value<"output"> {
  let summary = "output of an entry";
  let description = [{
    As of an input.

    ```mlir
    program.output "result" "B T V" : f32 ["B", "T", "50257"]
    ```
  }];
  let arguments = valueArguments;
  let assemblyFormat = "$name $axes `:` $type $dims (`below` $below^)? attr-dict";
}

//===----------------------------------------------------------------------------------------------===//
// What code marks and memory holds
//===----------------------------------------------------------------------------------------------===//

def Program_CacheOp : Program_Line<"cache"> {
  let summary = "what a session keeps";
  let description = [{
    Keys or values of a path, or a `state`, which hosts see. It has so many bytes for each position that the size counts;
    without a size, there is one position a row. A row's positions lie in so many streams, each with its equal share of every
    position, where they are not one. `within` W says that a call reads no position before its first one's W − 1 last: the
    session keeps those and a call's own in a ring.

    C1. The path has no control characters.
    C2. The streams have equal shares: bytes is a multiple of them.
    C3. `within` is of what is counted by a size, and no state.

    ```mlir
    program.cache 0 "h.0.attn.k" of 3072 bytes per "S" in 12 streams
    program.cache 1 "h.1.attn.k" of 3072 bytes per "S" in 12 streams within 512
    program.cache 2 "memory" of 2048 bytes per "M" state
    ```
  }];
  let arguments = (ins Program_Number:$number, StrAttr:$path, Program_Length:$bytes, OptionalAttr<StrAttr>:$size,
                       OptionalAttr<Program_Streams>:$streams, OptionalAttr<Program_Length>:$window, UnitAttr:$state);
  let assemblyFormat = [{
    $number $path `of` $bytes `bytes` (`per` $size^)? (`in` $streams^ `streams`)? (`within` $window^)? (`state` $state^)? attr-dict
  }];
}

def Program_SiteOp : Program_Line<"site"> {
  let summary = "profile point: an op whose time `--profile` tells by itself";
  let description = [{
    With the work that it does in one run of its function: multiplications and additions of products and attention, else none;
    bytes of weights, keys and values for these, else of all operands and results. `in` is the type that a product multiplies
    in, f32 where nothing is said. `kernel.mark` names it by its number. Its place in the model file is its location.

    `layer` names the block, or else the loop, that it is in where a loop runs it: the first time is layer `from`, 0 where
    nothing is said. Where it is `within` a layer, it runs as often as data say, and is of the layer that began last.

    C1. Names have no control characters.

    ```mlir
    program.site 2 "step: linear wte [B V]" flops "6208*B" bytes "16384" in bf16
    program.site 3 "layer: rms_norm ln_1 [B T D]" bytes "8*B*T*D" layer "layer" from 6
    ```
  }];
  let arguments = (ins Program_Number:$number, StrAttr:$name, OptionalAttr<Program_SizeExpr>:$flops,
                       OptionalAttr<Program_SizeExpr>:$bytes, OptionalAttr<Program_ElementType>:$arithmetic,
                       OptionalAttr<StrAttr>:$layer, OptionalAttr<Program_Number>:$from, UnitAttr:$within);
  let assemblyFormat = [{
    $number $name (`flops` $flops^)? (`bytes` $bytes^)? (`in` $arithmetic^)? (`layer` $layer^)? (`from` $from^)?
    (`within` $within^)? attr-dict
  }];
}

def Program_TensorOp : Program_Line<"tensor"> {
  let summary = "tensor of the packed file";
  let description = [{
    Made of one tensor of the checkpoint, or of several, which are joined along their outputs; how it lies; and what it is
    filled with where there is no checkpoint.

    C1. There is a part, and all have the same inputs.
    C2. The layout fits the whole.

    ```mlir
    program.tensor 0 <"q.weight" [64, 32] "H*K D"> then <"k.weight" [32, 32] "G*K D"> as <"panel<32> f32 groups<64, 32>"> normal
    ```
  }];
  let arguments = (ins Program_Number:$number, Program_Parts:$parts, Kernel_LayoutAttr:$layout, Program_EnumProp<Program_Fill>:$fill);
  let assemblyFormat = "$number custom<Parts>($parts) `as` $layout $fill attr-dict";
  let extraClassDeclaration = [{
    auto partRange() { return getParts().getAsRange<PartAttr>(); }
    /// All parts together, as the layout sees them.
    ::heddle::kernel::MatrixShape matrix();
    int64_t packedBytes() { return getLayout().getLayout().packedBytes(matrix()); }
  }];
}

#endif // HEDDLE_DIALECTS_PROGRAM_PROGRAMOPS_TD
