// RUN: heddle-opt %s --split-input-file --verify-diagnostics

func.func @attention_c1_dynamic_heads(%q: memref<?x?x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error @below {{needs static sizes and strides but the number of tokens}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i scale 1.0 : memref<?x?x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c7_span_without_states(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error@+1 {{'kernel.attention' op needs a span and contiguous memory for its states, or neither}}
  kernel.attention %q, %k, %v into %y row %i head %i position %i span %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @merge_spans_c1_dynamic_heads(%states: memref<?xf32>, %y: memref<?x?x7xf32>, %i: index) {
  // expected-error@+1 {{'kernel.merge_spans' op 'memref<?x?x7xf32>' needs static sizes and strides but the number of tokens, and contiguous depths}}
  kernel.merge_spans %states of %i into %y : memref<?xf32> into memref<?x?x7xf32>
  return
}

// -----

func.func @merge_spans_c2_distant_states(%states: memref<?xf32, strided<[2]>>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error@+1 {{'kernel.merge_spans' op states are 'memref<?xf32, strided<[2]>>', need to be contiguous}}
  kernel.merge_spans %states of %i into %y : memref<?xf32, strided<[2]>> into memref<?x2x7xf32>
  return
}

// -----

func.func @merge_spans_c2_sink(%states: memref<?xf32>, %sink: memref<3xf32>, %y: memref<?x2x7xf32>, %i: index) {
  // expected-error@+1 {{'kernel.merge_spans' op sink is 'memref<3xf32>', needs 2 dense elements}}
  kernel.merge_spans %states of %i sink %sink into %y : memref<?xf32> sink memref<3xf32> into memref<?x2x7xf32>
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
  kernel.windows %x at %i of %i, %i into %y window [3, 3] stride [1, 1] pad [1, 1] dilation [1, 1] : memref<2x?xf32> into memref<1x18x32xf32>
  return
}

// -----

func.func @windows_c2_rows(%x: memref<2x?x?xf32>, %i: index, %y: memref<1x9x32xf32>) {
  // expected-error @below {{panel is 'memref<1x9x32xf32>', needs 1, 18, and a multiple of 16 elements}}
  kernel.windows %x at %i of %i, %i into %y window [3, 3] stride [1, 1] pad [1, 1] dilation [1, 1] : memref<2x?x?xf32> into memref<1x9x32xf32>
  return
}

// -----

func.func @windows_c3_stride(%x: memref<2x?x?xf32>, %i: index, %y: memref<1x18x32xf32>) {
  // expected-error @below {{needs for each axis places, a pad, and a positive window, stride and dilation, none above 2^20}}
  kernel.windows %x at %i of %i, %i into %y window [3, 3] stride [1, 0] pad [1, 1] dilation [1, 1] : memref<2x?x?xf32> into memref<1x18x32xf32>
  return
}

// -----

func.func @windows_c3_places(%x: memref<2x?x?xf32>, %i: index, %y: memref<1x18x32xf32>) {
  // expected-error @below {{needs for each axis places}}
  kernel.windows %x at %i of %i into %y window [3, 3] stride [1, 1] pad [1, 1] dilation [1, 1] : memref<2x?x?xf32> into memref<1x18x32xf32>
  return
}

// -----

func.func @depthwise_c1_filter(%x: memref<?x?xf32>, %w: memref<3x?xf32>, %i: index, %y: memref<?x?xf32>) {
  // expected-error @below {{filter 'memref<3x?xf32>', result 'memref<?x?xf32>', needs contiguous lines and a dense, static filter}}
  kernel.depthwise %x, %w into %y from %i to %i stride [1, 1] pad [0, 0] dilation [1, 1] : memref<?x?xf32>, memref<3x?xf32> into memref<?x?xf32>
  return
}

// -----

func.func @depthwise_c2_pad(%x: memref<?x?xf32>, %w: memref<3x3xf32>, %i: index, %y: memref<?x?xf32>) {
  // expected-error @below {{needs two positive strides and dilations, and two pads}}
  kernel.depthwise %x, %w into %y from %i to %i stride [1, 1] pad [0, -1] dilation [1, 1] : memref<?x?xf32>, memref<3x3xf32> into memref<?x?xf32>
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
llvm.func @f(%pointer: !llvm.ptr, %n: i64) {
  %frame = builtin.unrealized_conversion_cast %pointer : !llvm.ptr to !kernel.frame
  // expected-error @below {{'kernel.size' op stands outside of functions}}
  %b = kernel.size %frame "B"
  llvm.return
}

// -----

func.func @buffer_c1_of_indices(%frame: !kernel.frame) {
  // expected-error @below {{gives 'memref<3xindex>', needs a dense buffer of numbers}}
  %x = kernel.input %frame 0() : memref<3xindex>
  return
}

// -----

func.func @buffer_c1_with_strides(%frame: !kernel.frame, %n: index) {
  // expected-error @below {{gives 'memref<?xf32, strided<[2]>>', needs a dense buffer of numbers}}
  %x = kernel.output %frame 0(%n) : memref<?xf32, strided<[2]>>
  return
}

// -----

func.func @buffer_c1_too_large(%frame: !kernel.frame, %n: index) {
  // expected-error @below {{needs 2^48 elements at most}}
  %x = kernel.arena %frame[%n]() : memref<4294967296x4294967296xf32>
  return
}

// -----

func.func @buffer_c2_too_few_sizes(%frame: !kernel.frame, %n: index) {
  // expected-error @below {{has 0 sizes for 'memref<?xf32>'}}
  %x = kernel.arena %frame[%n]() : memref<?xf32>
  return
}

// -----

func.func @buffer_c2_too_many_sizes(%frame: !kernel.frame, %n: index) {
  // expected-error @below {{has 2 sizes for 'memref<?x3xf32>'}}
  %x = kernel.cache_row %frame[%n] row %n(%n, %n) : memref<?x3xf32>
  return
}

// -----

func.func @number_below_zero(%frame: !kernel.frame) {
  // expected-error @below {{attribute 'number' failed to satisfy constraint}}
  %x = kernel.input %frame -1() : memref<3xf32>
  return
}

// -----

func.func @attention_c5_sink(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index, %s: memref<3xf32>) {
  // expected-error @below {{sink is 'memref<3xf32>', needs 2 dense elements}}
  kernel.attention %q, %k, %v sink %s into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> sink memref<3xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c5_vector(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index, %s: memref<3x5xf32>) {
  // expected-error @below {{vector is 'memref<3x5xf32>', needs 5 contiguous elements, and a score}}
  kernel.attention %q, %k, %v with %s into %y row %i head %i position %i scale 1.0 score {
  ^bb0(%a: f32, %b: f32, %c: f32):
    kernel.yield %a : f32
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> with memref<3x5xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c5_vector_without_score(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index, %s: memref<5xf32>) {
  // expected-error @below {{vector is 'memref<5xf32>', needs 5 contiguous elements, and a score}}
  kernel.attention %q, %k, %v with %s into %y row %i head %i position %i scale 1.0 : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> with memref<5xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @attention_c6_score(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %i: index, %s: memref<2xf32>) {
  // expected-error @below {{needs one block with 2 arguments of f32}}
  kernel.attention %q, %k, %v sink %s into %y row %i head %i position %i scale 1.0 score {
  ^bb0(%a: f32, %b: f32, %c: f32):
    kernel.yield %a : f32
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> sink memref<2xf32> into memref<?x2x7xf32>
  return
}

// -----

func.func @norm_c1_residual(%x: memref<?x5xf32>, %r: memref<?x4xf32>) {
  // expected-error @below {{residual is 'memref<?x4xf32>', needs lines like those of x}}
  kernel.norm %x plus %r into %x eps 1.0 : memref<?x5xf32> plus memref<?x4xf32> into memref<?x5xf32>
  return
}
