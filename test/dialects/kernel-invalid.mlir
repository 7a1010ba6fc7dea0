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
  // expected-error @below {{needs a dense weight in panels of a multiple of 16 columns}}
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x24xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c3_too_few_panels(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x33xf32>) {
  // expected-error @below {{weight is 1x5x32, needs 2x5x32}}
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x33xf32>
  return
}

// -----

func.func @matmul_c4_short_bias(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<6xf32>, %y: memref<?x7xf32>) {
  // expected-error @below {{bias is 'memref<6xf32>', needs 7 dense elements}}
  kernel.matmul %x, %w bias %b into %y : memref<?x5xf32>, memref<1x5x32xf32> bias memref<6xf32> into memref<?x7xf32>
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
