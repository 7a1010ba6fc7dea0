// RUN: heddle-opt %s --split-input-file --verify-diagnostics

func.func @matmul_c1_dynamic_inputs(%x: memref<?x?xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{needs static sizes but the number of rows}}
  kernel.matmul %x, %w into %y : memref<?x?xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c1_other_rows(%x: memref<3x5xf32>, %w: memref<1x5x32xf32>, %y: memref<2x7xf32>) {
  // expected-error @below {{x has 3 rows, y has 2}}
  kernel.matmul %x, %w into %y : memref<3x5xf32>, memref<1x5x32xf32> into memref<2x7xf32>
  return
}

// -----

func.func @matmul_c2_elements_apart(%x: memref<?x5xf32, strided<[10, 2]>>, %w: memref<1x5x32xf32>,
                                    %y: memref<?x7xf32>) {
  // expected-error @below {{needs contiguous rows, a static distance apart}}
  kernel.matmul %x, %w into %y : memref<?x5xf32, strided<[10, 2]>>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c2_rows_a_dynamic_distance_apart(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>,
                                                   %y: memref<?x7xf32, strided<[?, 1]>>) {
  // expected-error @below {{needs contiguous rows, a static distance apart}}
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32, strided<[?, 1]>>
  return
}

// -----

func.func @matmul_c3_narrow_panel(%x: memref<?x5xf32>, %w: memref<1x5x24xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{needs a dense weight in panels of 16 or of a multiple of 32 columns}}
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x24xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c3_too_few_panels(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x33xf32>) {
  // expected-error @below {{weight is 'memref<1x5x32xf32>', needs 'memref<2x5x32xf32>'}}
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x33xf32>
  return
}

// -----

func.func @matmul_c3_weight_of_another_type(%x: memref<?x5xbf16>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{x is of 'bf16' and the weight 'memref<1x5x32xf32>', needs the same elements}}
  kernel.matmul %x, %w into %y : memref<?x5xbf16>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c3_too_few_pairs(%x: memref<?x5xbf16>, %w: memref<1x2x32x2xbf16>, %y: memref<?x7xf32>) {
  // expected-error @below {{weight is 'memref<1x2x32x2xbf16>', needs 'memref<1x3x32x2xbf16>'}}
  kernel.matmul %x, %w into %y : memref<?x5xbf16>, memref<1x2x32x2xbf16> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c3_half_of_the_gate_is_missing(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x20xf32>) {
  // expected-error @below {{weight is 'memref<1x5x32xf32>', needs 'memref<2x5x32xf32>'}}
  kernel.matmul paired %x, %w into %y then {
  ^bb0(%sum: f32, %second: f32):
    %0 = arith.mulf %sum, %second : f32
    kernel.yield %0 : f32
  } : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x20xf32>
  return
}

// -----

func.func @matmul_c4_short_bias(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<6xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{bias is 'memref<6xf32>', needs 7 dense elements}}
  kernel.matmul %x, %w bias %b into %y : memref<?x5xf32>, memref<1x5x32xf32> bias memref<6xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c4_bias_without_the_gate(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<7xf32>,
                                           %y: memref<?x7xf32>) {
  // expected-error @below {{bias is 'memref<7xf32>', needs 14 dense elements}}
  kernel.matmul paired %x, %w bias %b into %y then {
  ^bb0(%sum: f32, %second: f32):
    %0 = arith.mulf %sum, %second : f32
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> bias memref<7xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c2_residual_a_dynamic_distance_apart(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>,
                                                       %r: memref<?x7xf32, strided<[?, 1]>>, %y: memref<?x7xf32>) {
  // expected-error @below {{operand of the epilogue is 'memref<?x7xf32, strided<[?, 1]>>', y is 'memref<?x7xf32>'}}
  kernel.matmul %x, %w with %r into %y then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> with memref<?x7xf32, strided<[?, 1]>> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c7_paired_without_epilogue(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{paired or with operands needs an epilogue}}
  kernel.matmul paired %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c7_arguments(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{the epilogue needs one block with 1 arguments of f32}}
  kernel.matmul %x, %w into %y then {
  ^bb0(%sum: f64):
    %0 = arith.truncf %sum : f64 to f32
    kernel.yield %0 : f32
  } : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c7_other_ops(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  kernel.matmul %x, %w into %y then {
  ^bb0(%sum: f32):
    // expected-error @below {{cannot stand in an epilogue}}
    %m = memref.alloc() : memref<f32>
    kernel.yield %sum : f32
  } : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c7_yields_nothing(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{the epilogue needs to yield one f32}}
  kernel.matmul %x, %w into %y then {
  ^bb0(%sum: f32):
    kernel.yield
  } : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c5_narrow_residual(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %r: memref<?x6xf32>,
                                     %y: memref<?x7xf32>) {
  // expected-error @below {{operand of the epilogue is 'memref<?x6xf32>', y is 'memref<?x7xf32>'}}
  kernel.matmul %x, %w with %r into %y then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> with memref<?x6xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c6_no_layout(%x: memref<?x128xi8>, %w: memref<1x4096xi8>, %y: memref<?x7xf32>) {
  // expected-error @below {{needs layout and inputs for rows of i8, and for no others}}
  kernel.matmul %x, %w into %y : memref<?x128xi8>, memref<1x4096xi8> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c6_layout_beside_floats(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{needs layout and inputs for rows of i8, and for no others}}
  kernel.matmul %x, %w into %y layout <"panel<32> f32"> inputs 5 : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c6_layout_of_floats(%x: memref<?x64xi8>, %w: memref<1x640xi8>, %y: memref<?x7xf32>) {
  // expected-error @below {{layout is #kernel.layout<"panel<32> f32">, needs integers, paired if the product is}}
  kernel.matmul %x, %w into %y layout <"panel<32> f32"> inputs 5 : memref<?x64xi8>, memref<1x640xi8> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c6_short_rows(%x: memref<?x128xi8>, %w: memref<1x4224xi8>, %y: memref<?x7xf32>) {
  // expected-error @below {{x is 'memref<?x128xi8>', needs rows of 192 bytes}}
  kernel.matmul %x, %w into %y layout <"panel<32, 4> i8"> inputs 128 : memref<?x128xi8>, memref<1x4224xi8> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c3_short_panels(%x: memref<?x192xi8>, %w: memref<1x4096xi8>, %y: memref<?x7xf32>) {
  // expected-error @below {{weight is 'memref<1x4096xi8>', needs 'memref<1x4224xi8>'}}
  kernel.matmul %x, %w into %y layout <"panel<32, 4> i8"> inputs 128 : memref<?x192xi8>, memref<1x4096xi8> into memref<?x7xf32>
  return
}

// -----

func.func @narrow_c1_other_rows(%x: memref<3x5xf32>, %y: memref<2x5xbf16>) {
  // expected-error @below {{x is 'memref<3x5xf32>', rows are 'memref<2x5xbf16>'}}
  kernel.narrow %x into %y : memref<3x5xf32> into memref<2x5xbf16>
  return
}

// -----

func.func @narrow_c2_elements_apart(%x: memref<?x5xf32, strided<[10, 2]>>, %y: memref<?x5xbf16>) {
  // expected-error @below {{needs contiguous rows, a static distance apart}}
  kernel.narrow %x into %y : memref<?x5xf32, strided<[10, 2]>> into memref<?x5xbf16>
  return
}

// -----

func.func @narrow_c3_short_rows(%x: memref<?x5xf32>, %y: memref<?x4xbf16>) {
  // expected-error @below {{rows are 'memref<?x4xbf16>', needs 5 of bf16, no groups}}
  kernel.narrow %x into %y : memref<?x5xf32> into memref<?x4xbf16>
  return
}

// -----

func.func @narrow_c3_small_groups(%x: memref<?x64xf32>, %y: memref<?x128xi8>) {
  // expected-error @below {{groups are of 8, needs 16 or 32}}
  kernel.narrow %x into %y group 8 : memref<?x64xf32> into memref<?x128xi8>
  return
}

// -----

func.func @narrow_c3_wide_row(%x: memref<?x64xf32>, %y: memref<?x128xi8>) {
  // expected-error @below {{needs groups to be wide}}
  kernel.narrow %x into %y wide : memref<?x64xf32> into memref<?x128xi8>
  return
}

// -----

func.func @matmul_c6_wide_row(%x: memref<?x192xi8>, %w: memref<1x4224xi8>, %y: memref<?x7xf32>) {
  // expected-error @below {{wide rows need one with groups}}
  kernel.matmul %x, %w into %y layout <"panel<32, 4> i8"> inputs 128 wide : memref<?x192xi8>, memref<1x4224xi8> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c6_wide_floats(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{needs rows of i8 to be wide}}
  kernel.matmul %x, %w into %y wide : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  return
}

// -----

func.func @narrow_c3_no_place_for_scales(%x: memref<?x64xf32>, %y: memref<?x64xi8>) {
  // expected-error @below {{rows are 'memref<?x64xi8>', needs 128 bytes}}
  kernel.narrow %x into %y : memref<?x64xf32> into memref<?x64xi8>
  return
}

// -----

func.func @layout_must_parse() attributes {
  // expected-error @below {{layout "panels": needed plain or panel<...>}}
  a = #kernel.layout<"panels">
} {
  return
}

// -----

func.func @layout_must_be_canonical() attributes {
  // expected-error @below {{layout "panel<32,2> bf16" is not canonical, write "panel<32, 2> bf16"}}
  a = #kernel.layout<"panel<32,2> bf16">
} {
  return
}
