// RUN: not heddle-opt %s --nn-quantize=quant=h.0.w=q8 2>&1 | FileCheck %s --check-prefix=LAYERS
// LAYERS: error: h.0.w is stored as q8 and h.1.w as f32, needed one type: the same code reads both
// RUN: not heddle-opt %s --nn-quantize=quant=h.*.v=q8 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: found no weight of a product and no table that fits `h.*.v`, the first there is: h.0.w
// RUN: not heddle-opt %s --nn-quantize=quant=h.*.scale=q8 2>&1 | FileCheck %s --check-prefix=NORM
// NORM: error: found no weight of a product and no table that fits `h.*.scale`
// RUN: not heddle-opt %s --nn-quantize=quant=**=q7 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: found **=q7, needed PATTERN=TYPE with f32, bf16, f16, i8, q8, q6, q5, q4, q5_1, q4_1, q6_k, q5_k, q4_k, q3_k or q2_k
// RUN: not heddle-opt %s --nn-quantize=dtype=q8 2>&1 | FileCheck %s --check-prefix=DTYPE
// DTYPE: error: found dtype q8, needed f32 or bf16

!x = tensor<?x8xf32, #nn.axes<B, D>>
nn.size @D = 8
nn.size @B in 1 to 4
func.func private @layer(%x: !x) -> !x {
  %s = nn.weight "scale" : tensor<8xf32, #nn.axes<D>>
  %n = nn.rms_norm %x, %s eps 1.0e-5 : (!x, tensor<8xf32, #nn.axes<D>>) -> !x
  %w = nn.weight "w" : tensor<8x8xf32, #nn.axes<D, D>>
  %y = nn.linear %n, %w contracts 1 : (!x, tensor<8x8xf32, #nn.axes<D, D>>) -> !x
  return %y : !x
}
func.func @two_layers(%x: !x) -> !x attributes {nn.entry} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %y = scf.for %l = %zero to %two step %one iter_args(%h = %x) -> !x {
    %n = nn.call @layer(%h) at "h.{0}" [%l] : (!x) -> !x
    scf.yield %n : !x
  }
  return %y : !x
}
