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

// -----

func.func @attention_c1_dynamic_heads(%q: memref<?x?x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{needs static sizes and strides but the number of tokens}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x?x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c2_tokens(%q: memref<3x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<4x2x7xf32>, %i: index) {
  // expected-error @below {{q has 3 tokens, y has 4}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<3x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<4x2x7xf32>
  return
}

// -----

func.func @attention_c2_heads(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x3x7xf32>, %i: index) {
  // expected-error @below {{q has 2 heads, y has 3}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x3x7xf32>
  return
}

// -----

func.func @attention_c2_depth_of_queries_and_keys(%q: memref<?x2x5xf32>, %k: memref<?x6xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{q has 5 depth, k has 6}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x6xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c2_keys(%q: memref<?x2x5xf32>, %k: memref<8x5xf32>, %v: memref<9x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{k has 8 keys, v has 9}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<8x5xf32>, memref<9x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c2_depth_of_values(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x6xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{y has 7 depth, v has 6}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x6xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c3_dynamic_stride(%q: memref<?x2x5xf32>, %k: memref<?x5xf32, strided<[?, 1]>>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{needs static sizes and strides but the number of tokens}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32, strided<[?, 1]>>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c3_elements_apart(%q: memref<?x2x5xf32>, %k: memref<?x5xf32, strided<[10, 2]>>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{needs contiguous depths}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32, strided<[10, 2]>>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c4_keys(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{keys needs one block that takes 3 indices and yields}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 keys {
  ^bb0(%b: index, %h: index, %t: index):
    kernel.yield %t : index
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c4_where(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{where needs one block that takes 4 indices and yields}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 where {
  ^bb0(%b: index, %h: index, %t: index):
    %always = arith.constant true
    kernel.yield %always : i1
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c4_bias(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{bias needs one block that takes 4 indices and yields}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 bias {
  ^bb0(%b: index, %h: index, %t: index, %j: index):
    kernel.yield %j : index
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @norm_c1_other_length(%x: memref<?x5xf32>, %w: memref<5xf32>, %y: memref<?x6xf32>) {
  // expected-error @below {{lines of x are 'memref<?x5xf32>', of y 'memref<?x6xf32>'}}
  kernel.norm %x, %w into %y eps 1.0e-5 : memref<?x5xf32>, memref<5xf32> into memref<?x6xf32>
  return
}

// -----

func.func @norm_c2_elements_apart(%x: memref<?x5xf32, strided<[10, 2]>>, %w: memref<5xf32>, %y: memref<?x5xf32>) {
  // expected-error @below {{needs contiguous lines, a static distance apart}}
  kernel.norm %x, %w into %y eps 1.0e-5 : memref<?x5xf32, strided<[10, 2]>>, memref<5xf32> into memref<?x5xf32>
  return
}

// -----

func.func @norm_c3_short_bias(%x: memref<?x5xf32>, %w: memref<5xf32>, %b: memref<4xf32>, %y: memref<?x5xf32>) {
  // expected-error @below {{weight or bias is 'memref<4xf32>', needs 5 dense elements}}
  kernel.norm centered %x, %w bias %b into %y eps 1.0e-5
    : memref<?x5xf32>, memref<5xf32> bias memref<4xf32> into memref<?x5xf32>
  return
}
