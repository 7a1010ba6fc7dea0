// Each line is printed as it is read, and stays where MLIR's own passes take away what nobody uses.
// RUN: heddle-opt %s | heddle-opt | FileCheck %s
// RUN: heddle-opt %s --canonicalize --cse --inline --symbol-dce | FileCheck %s
// RUN: heddle-opt %s --mlir-print-op-generic | heddle-opt | FileCheck %s

// CHECK: program.description "toy" rows "B" prefill_in_chunks tokenizer {
// CHECK-NEXT: program.size "B" in 0 to 4
// CHECK-NEXT: program.size "T" in 2 to 8 step 2 per "B"
// CHECK-NEXT: program.size "S" in 1 to 8 per "B" grown by "T"
// CHECK-NEXT: program.entry @encode generates before arena "24*B*T+64" weights <0 to 2> caches <1> sets ["T"] {
// CHECK-NEXT:   program.input "x" "B T D" : bf16 ["B", "T", "3"] of image
// CHECK-NEXT: }
// CHECK-NEXT: program.entry @step generates step weights <2, 0 to 1> caches <0, 1> grows ["S"] reads ["T"] {
// CHECK-NEXT:   program.input "ids" "B T" : i32 ["B", "T"] below 11
// CHECK-NEXT:   program.input "scale" "" : f32 [] default 5.000000e-01
// CHECK-NEXT:   program.output "result" "B V" : f32 ["B", "11"]
// CHECK-NEXT: }
// CHECK-NEXT: program.entry @other {
// CHECK-NEXT: }
// CHECK-NEXT: program.cache 0 "k" of 12 bytes per "S" in 3 streams
// CHECK-NEXT: program.cache 1 "memory" of 12 bytes per "T" state
// CHECK-NEXT: program.cache 2 "last" of 4 bytes
// CHECK-NEXT: program.cache 3 "near" of 12 bytes per "S" in 3 streams within 40
// CHECK-NEXT: program.site 0 "step: linear w [B V]" flops "6*B" bytes "132" in bf16
// CHECK-NEXT: program.site 1 "step: nothing"
// CHECK-NEXT: program.tensor 0 <"w" [11, 3] "V D" at "toy.heddle:3:7"> as <"panel<32, 2> bf16"> normal
// CHECK-NEXT: program.tensor 1 <"q" [2, 3] "E D"> then <"k" [4, 3] "F D"> as <"panel<32> f32 groups<2, 4>"> ones
// CHECK-NEXT: program.tensor 2 <"one" [] ""> as <"plain f32"> zeros
// CHECK-NEXT: }
program.description "toy" rows "B" prefill_in_chunks tokenizer {
  program.size "B" in 0 to 4
  program.size "T" in 2 to 8 step 2 per "B"
  program.size "S" in 1 to 8 step 1 per "B" grown by "T"
  program.entry @encode generates before arena "24*B*T+64" weights <0 to 2> caches <1> sets ["T"] {
    program.input "x" "B T D" : bf16 ["B", "T", "3"] of image
  }
  program.entry @step generates step weights <2, 0 to 1> caches <0, 1> grows ["S"] reads ["T"] {
    program.input "ids" "B T" : i32 ["B", "T"] below 11
    program.input "scale" "" : f32 [] default 0.5
    program.output "result" "B V" : f32 ["B", "11"]
  }
  program.entry @other generates none {
  }
  program.cache 0 "k" of 12 bytes per "S" in 3 streams
  program.cache 1 "memory" of 12 bytes per "T" state
  program.cache 2 "last" of 4 bytes
  program.cache 3 "near" of 12 bytes per "S" in 3 streams within 40
  program.site 0 "step: linear w [B V]" flops "6*B" bytes "132" in bf16
  program.site 1 "step: nothing"
  program.tensor 0 <"w" [11, 3] "V D" at "toy.heddle:3:7"> as <"panel<32, 2> bf16"> normal
  program.tensor 1 <"q" [2, 3] "E D"> then <"k" [4, 3] "F D"> as <"panel<32> f32 groups<2, 4>"> ones
  program.tensor 2 <"one" [] ""> as <"plain f32"> zeros
}
// CHECK: func.func private @encode
func.func private @encode() {
  return
}
// CHECK: func.func @step
func.func @step() {
  return
}
func.func @other() {
  return
}
