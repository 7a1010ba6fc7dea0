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
  // expected-error @below {{x is of 'bf16' and the weight 'memref<1x5x32xf32>', needs one of rank 4 with the same elements}}
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
  kernel.matmul gated %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x20xf32>
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
  kernel.matmul gated %x, %w bias %b into %y
    : memref<?x5xf32>, memref<1x5x32xf32> bias memref<7xf32> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c2_residual_a_dynamic_distance_apart(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>,
                                                       %r: memref<?x7xf32, strided<[?, 1]>>, %y: memref<?x7xf32>) {
  // expected-error @below {{residual is 'memref<?x7xf32, strided<[?, 1]>>', y is 'memref<?x7xf32>'}}
  kernel.matmul %x, %w residual %r into %y
    : memref<?x5xf32>, memref<1x5x32xf32> residual memref<?x7xf32, strided<[?, 1]>> into memref<?x7xf32>
  return
}

// -----

func.func @matmul_c5_narrow_residual(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %r: memref<?x6xf32>,
                                     %y: memref<?x7xf32>) {
  // expected-error @below {{residual is 'memref<?x6xf32>', y is 'memref<?x7xf32>'}}
  kernel.matmul %x, %w residual %r into %y
    : memref<?x5xf32>, memref<1x5x32xf32> residual memref<?x6xf32> into memref<?x7xf32>
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
  // expected-error @below {{layout is #kernel.layout<"panel<32> f32">, needs integers, paired if gated}}
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
  // expected-error @below {{groups are of 16, needs 32}}
  kernel.narrow %x into %y group 16 : memref<?x64xf32> into memref<?x128xi8>
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

// -----

func.func @windows_c1_axes(%x: memref<2x?xf32>, %i: index, %y: memref<1x18x32xf32>) {
  // expected-error @below {{image is 'memref<2x?xf32>', needs channels and 2 axes, the last one contiguous}}
  kernel.windows %x at %i into %y window [3, 3] stride 1 pad 1 : memref<2x?xf32> into memref<1x18x32xf32>
  return
}

// -----

func.func @windows_c2_rows(%x: memref<2x?x?xf32>, %i: index, %y: memref<1x9x32xf32>) {
  // expected-error @below {{panel is 'memref<1x9x32xf32>', needs 1, 18, and a multiple of 16 elements}}
  kernel.windows %x at %i into %y window [3, 3] stride 1 pad 1 : memref<2x?x?xf32> into memref<1x9x32xf32>
  return
}

// -----

func.func @windows_c3_stride(%x: memref<2x?x?xf32>, %i: index, %y: memref<1x18x32xf32>) {
  // expected-error @below {{needs a positive window and stride, and a pad that is not negative}}
  kernel.windows %x at %i into %y window [3, 3] stride 0 pad 1 : memref<2x?x?xf32> into memref<1x18x32xf32>
  return
}

// -----

func.func @rope_c1_heads(%x: memref<?x3x8xf32>, %p: memref<?xi32>, %f: memref<4xf32>, %y: memref<?x2x8xf32>) {
  // expected-error @below {{x is 'memref<?x3x8xf32>', y 'memref<?x2x8xf32>', needed the same static heads and contiguous depth}}
  kernel.rope %x at %p by %f into %y magnitude 1.0
    : memref<?x3x8xf32>, memref<?xi32>, memref<4xf32> into memref<?x2x8xf32>
  return
}

// -----

func.func @rope_c2_frequencies(%x: memref<?x3x8xf32>, %p: memref<?xi32>, %f: memref<5xf32>) {
  // expected-error @below {{has 5 frequencies, a head has 8 elements}}
  kernel.rope %x at %p by %f into %x magnitude 1.0
    : memref<?x3x8xf32>, memref<?xi32>, memref<5xf32> into memref<?x3x8xf32>
  return
}

// -----

func.func @topk_c1_length(%x: memref<?x?xf32>, %v: memref<?x2xf32>, %i: memref<?x2xi32>) {
  // expected-error @below {{x is 'memref<?x?xf32>', needs contiguous lines of a static length, a static distance apart}}
  kernel.topk %x into %v, %i : memref<?x?xf32> into memref<?x2xf32>, memref<?x2xi32>
  return
}

// -----

func.func @topk_c1_distance(%x: memref<?x8xf32, strided<[?, 1]>>, %v: memref<?x2xf32>, %i: memref<?x2xi32>) {
  // expected-error @below {{needs contiguous lines of a static length, a static distance apart}}
  kernel.topk %x into %v, %i : memref<?x8xf32, strided<[?, 1]>> into memref<?x2xf32>, memref<?x2xi32>
  return
}

// -----

func.func @topk_c2_choices(%x: memref<?x8xf32>, %v: memref<?x2xf32>, %i: memref<?x3xi32>) {
  // expected-error @below {{values are 'memref<?x2xf32>', indices 'memref<?x3xi32>', needed dense lines of one length, as many as those of x}}
  kernel.topk %x into %v, %i : memref<?x8xf32> into memref<?x2xf32>, memref<?x3xi32>
  return
}

// -----

// Ops stand in functions: tasks are made beside the one that an op is in.
llvm.func @f(%frame: !llvm.ptr, %n: i64) {
  // expected-error @below {{'kernel.size' op stands outside of functions}}
  %b = kernel.size %frame "B"
  llvm.return
}

// -----

func.func @buffer_c1_of_indices(%frame: !llvm.ptr) {
  // expected-error @below {{gives 'memref<3xindex>', needs a dense buffer of numbers}}
  %x = kernel.input %frame 0() : memref<3xindex>
  return
}

// -----

func.func @buffer_c1_with_strides(%frame: !llvm.ptr, %n: index) {
  // expected-error @below {{gives 'memref<?xf32, strided<[2]>>', needs a dense buffer of numbers}}
  %x = kernel.output %frame 0(%n) : memref<?xf32, strided<[2]>>
  return
}

// -----

func.func @buffer_c1_too_large(%frame: !llvm.ptr, %n: index) {
  // expected-error @below {{needs 2^48 elements at most}}
  %x = kernel.arena %frame[%n]() : memref<4294967296x4294967296xf32>
  return
}

// -----

func.func @buffer_c2_too_few_sizes(%frame: !llvm.ptr, %n: index) {
  // expected-error @below {{has 0 sizes for 'memref<?xf32>'}}
  %x = kernel.arena %frame[%n]() : memref<?xf32>
  return
}

// -----

func.func @buffer_c2_too_many_sizes(%frame: !llvm.ptr, %n: index) {
  // expected-error @below {{has 2 sizes for 'memref<?x3xf32>'}}
  %x = kernel.cache_row %frame[%n] row %n(%n, %n) : memref<?x3xf32>
  return
}

// -----

func.func @number_below_zero(%frame: !llvm.ptr) {
  // expected-error @below {{attribute 'number' failed to satisfy constraint}}
  %x = kernel.input %frame -1() : memref<3xf32>
  return
}
