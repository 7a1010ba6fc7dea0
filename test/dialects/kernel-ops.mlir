// RUN: heddle-opt %s | heddle-opt | FileCheck %s

// CHECK-LABEL: func.func @machine_operations(
func.func @machine_operations(%frame: !kernel.frame, %x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<7xf32>,
                              %y: memref<?x7xf32>, %n: index, %c: i1) attributes {
  // CHECK-SAME: layout = #kernel.layout<"panel<32> f32 transposed groups<3, 4>">
  layout = #kernel.layout<"panel<32> f32 transposed groups<3, 4>">
} {
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} bias %{{.*}} into %{{.*}} then {
  kernel.matmul %x, %w bias %b into %y then {
  ^bb0(%sum: f32):
    %0 = scalar.gelu_tanh %sum
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> bias memref<7xf32> into memref<?x7xf32>
  // CHECK: kernel.norm centered %{{.*}}, %{{.*}} bias %{{.*}} into %{{.*}} eps 0.001 : memref<?x7xf32>, memref<7xf32> bias memref<7xf32> into memref<?x7xf32>
  kernel.norm centered %y, %b bias %b into %y eps 1.0e-3
    : memref<?x7xf32>, memref<7xf32> bias memref<7xf32> into memref<?x7xf32>
  // CHECK: kernel.norm %{{.*}}, %{{.*}} into %{{.*}} eps 0.001 : memref<?x7xf32>, memref<7xf32> into memref<?x7xf32>
  kernel.norm %y, %b into %y eps 1.0e-3 : memref<?x7xf32>, memref<7xf32> into memref<?x7xf32>
  // CHECK: kernel.norm %{{.*}}, %{{.*}} into %{{.*}} offset 1.0 eps 0.001 : memref<?x7xf32>, memref<7xf32> into memref<?x7xf32>
  kernel.norm %y, %b into %y offset 1.0 eps 1.0e-3 : memref<?x7xf32>, memref<7xf32> into memref<?x7xf32>
  // CHECK: kernel.norm centered %{{.*}} into %{{.*}} eps 0.001 : memref<?x7xf32> into memref<?x7xf32>
  kernel.norm centered %y into %y eps 1.0e-3 : memref<?x7xf32> into memref<?x7xf32>
  // CHECK: kernel.parallel %{{.*}} (%[[I:.*]]) to %{{.*}} {
  kernel.parallel %frame (%i) to %n {
    // CHECK-NEXT: func.call @task(%[[I]])
    func.call @task(%i) : (index) -> ()
  }
  // CHECK: kernel.parallel %{{.*}} (%{{.*}}) to %{{.*}} when %{{.*}} {
  kernel.parallel %frame (%i) to %n when %c {
  }
  return
}
func.func private @task(index)

// CHECK-LABEL: func.func @products(
func.func @products(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<14xf32>, %r: memref<?x7xf32>,
                    %y: memref<?x7xf32>, %n: memref<?x5xbf16>, %wn: memref<1x3x32x2xbf16>, %long: memref<?x128xf32>,
                    %q: memref<?x192xi8>, %groups: memref<?x256xi8>, %halves: memref<?x448xi8>, %wk: memref<1x3392xi8>, %wq: memref<1x4224xi8>) {
  // CHECK: kernel.matmul paired %{{.*}}, %{{.*}} bias %{{.*}} with %{{.*}} into %{{.*}} then {
  // CHECK: scalar.silu
  // CHECK: } : memref<?x5xf32>, memref<1x5x32xf32> bias memref<14xf32> with memref<?x7xf32> into memref<?x7xf32>
  kernel.matmul paired %x, %w bias %b with %r into %y then {
  ^bb0(%sum: f32, %second: f32, %residual: f32):
    %0 = scalar.silu %sum
    %1 = arith.mulf %0, %second : f32
    %2 = arith.addf %residual, %1 : f32
    kernel.yield %2 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> bias memref<14xf32> with memref<?x7xf32> into memref<?x7xf32>
  // CHECK: kernel.narrow %{{.*}} into %{{.*}} : memref<?x5xf32> into memref<?x5xbf16>
  kernel.narrow %x into %n : memref<?x5xf32> into memref<?x5xbf16>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} : memref<?x5xbf16>, memref<1x3x32x2xbf16> into memref<?x7xf32>
  kernel.matmul %n, %wn into %y : memref<?x5xbf16>, memref<1x3x32x2xbf16> into memref<?x7xf32>
  // CHECK: kernel.narrow %{{.*}} into %{{.*}} group 32 : memref<?x128xf32> into memref<?x256xi8>
  kernel.narrow %long into %groups group 32 : memref<?x128xf32> into memref<?x256xi8>
  // CHECK: kernel.narrow %{{.*}} into %{{.*}} group 16 wide : memref<?x128xf32> into memref<?x448xi8>
  kernel.narrow %long into %halves group 16 wide : memref<?x128xf32> into memref<?x448xi8>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} layout <"panel<32, 4> i8"> inputs 128 : memref<?x192xi8>, memref<1x4224xi8> into memref<?x7xf32>
  kernel.matmul %q, %wq into %y layout <"panel<32, 4> i8"> inputs 128
    : memref<?x192xi8>, memref<1x4224xi8> into memref<?x7xf32>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} layout <"panel<32, 4> q6_k"> inputs 128 wide : memref<?x448xi8>, memref<1x3392xi8> into memref<?x7xf32>
  kernel.matmul %halves, %wk into %y layout <"panel<32, 4> q6_k"> inputs 128 wide
    : memref<?x448xi8>, memref<1x3392xi8> into memref<?x7xf32>
  return
}

// CHECK-LABEL: func.func @attention_to_a_span_of_the_keys(
func.func @attention_to_a_span_of_the_keys(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %y: memref<?x2x7xf32>,
    %sink: memref<2xf32>, %states: memref<?xf32>, %n: index) {
  // CHECK: kernel.attention %{{.*}}, %{{.*}}, %{{.*}} into %{{.*}} row %{{.*}} head %{{.*}} position %{{.*}} span %{{.*}} to %{{.*}} scale 0.5 :
  // CHECK-SAME: into memref<?x2x7xf32> to memref<?xf32>
  kernel.attention %q, %k, %v into %y row %n head %n position %n span %n to %states scale 0.5
    : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> into memref<?x2x7xf32> to memref<?xf32>
  // CHECK: kernel.merge_spans %{{.*}} of %{{.*}} sink %{{.*}} into %{{.*}} : memref<?xf32> sink memref<2xf32> into memref<?x2x7xf32>
  kernel.merge_spans %states of %n sink %sink into %y : memref<?xf32> sink memref<2xf32> into memref<?x2x7xf32>
  return
}

// CHECK-LABEL: func.func @attention(
func.func @attention(%q: memref<?x2x5xf32, strided<[30, 5, 1], offset: ?>>, %k: memref<?x5xf32, strided<[15, 1]>>,
                     %v: memref<?x7xf32>, %y: memref<?x2x7xf32>, %b: index, %h: index, %p: index, %bias: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  // CHECK: kernel.attention %{{.*}}, %{{.*}}, %{{.*}} into %{{.*}} row %{{.*}} head %{{.*}} position %{{.*}} scale 0.5 :
  kernel.attention %q, %k, %v into %y row %b head %h position %p scale 0.5
    : memref<?x2x5xf32, strided<[30, 5, 1], offset: ?>>, memref<?x5xf32, strided<[15, 1]>>, memref<?x7xf32> into memref<?x2x7xf32>
  // CHECK: kernel.attention
  // CHECK-SAME: keys {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index):
  // CHECK-NEXT: kernel.yield %{{.*}}, %[[I]] : index, index
  // CHECK: where {
  // CHECK: kernel.yield %{{.*}} : i1
  // CHECK: bias {
  // CHECK: kernel.yield %{{.*}} : f32
  kernel.attention %q, %k, %v into %y row %b head %h position %p scale 0.5 keys {
  ^bb0(%row: index, %head: index, %i: index):
    kernel.yield %c0, %i : index, index
  } where {
  ^bb0(%row: index, %head: index, %i: index, %j: index):
    %other = arith.cmpi ne, %i, %j : index
    kernel.yield %other : i1
  } bias {
  ^bb0(%row: index, %head: index, %i: index, %j: index):
    %element = memref.load %bias[%head] : memref<4xf32>
    kernel.yield %element : f32
  } : memref<?x2x5xf32, strided<[30, 5, 1], offset: ?>>, memref<?x5xf32, strided<[15, 1]>>, memref<?x7xf32> into memref<?x2x7xf32>
  return
}

// CHECK-LABEL: func.func @sinks_and_scores(
func.func @sinks_and_scores(%q: memref<?x2x5xf32>, %k: memref<?x5xf32>, %v: memref<?x7xf32>, %sink: memref<2xf32>,
                            %vector: memref<2x5xf32>, %y: memref<?x2x7xf32>, %lines: memref<?x5xf32>, %number: memref<f32>,
                            %w: memref<1x5x32xf32>, %i: index) {
  // CHECK: kernel.attention %{{.*}}, %{{.*}}, %{{.*}} sink %{{.*}} with %{{.*}} into %{{.*}} row %{{.*}} scale 1.0 score {
  // CHECK-NEXT: ^bb0(%[[Q:.*]]: f32, %[[K:.*]]: f32, %[[E:.*]]: f32):
  kernel.attention %q, %k, %v sink %sink with %vector into %y row %i head %i position %i scale 1.0 score {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.mulf %0, %c : f32
    kernel.yield %1 : f32
  } : memref<?x2x5xf32>, memref<?x5xf32>, memref<?x7xf32> sink memref<2xf32> with memref<2x5xf32> into memref<?x2x7xf32>
  // CHECK: kernel.norm %{{.*}} plus %{{.*}} into %{{.*}} eps 0.5
  kernel.norm %lines plus %lines into %lines eps 0.5 : memref<?x5xf32> plus memref<?x5xf32> into memref<?x5xf32>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} with %{{.*}} into %{{.*}} then {
  kernel.matmul %lines, %w with %number into %lines then {
  ^bb0(%sum: f32, %factor: f32):
    %0 = arith.mulf %sum, %factor : f32
    kernel.yield %0 : f32
  } : memref<?x5xf32>, memref<1x5x32xf32> with memref<f32> into memref<?x5xf32>
  return
}

// CHECK-LABEL: func.func @rows(
func.func @rows(%x: memref<?x3x8xf32, strided<[48, 8, 1], offset: ?>>, %p: memref<?xi32>, %f: memref<4xf32>,
                %y: memref<?x3x8xf32>, %image: memref<2x?x?xf32>, %first: index, %panel: memref<1x18x32xf32>,
                %lines: memref<?x8xf32, strided<[12, 1], offset: ?>>, %values: memref<?x3xf32>, %indices: memref<?x3xi32>,
                %channel: memref<?x?xf32>, %filter: memref<3x2xf32>, %out: memref<?x?xf32>) {
  // CHECK: kernel.rope %{{.*}} at %{{.*}} by %{{.*}} into %{{.*}} magnitude 1.0 :
  kernel.rope %x at %p by %f into %y magnitude 1.0
    : memref<?x3x8xf32, strided<[48, 8, 1], offset: ?>>, memref<?xi32>, memref<4xf32> into memref<?x3x8xf32>
  // CHECK: kernel.rope adjacent %{{.*}} at
  kernel.rope adjacent %y at %p by %f into %y magnitude 1.25
    : memref<?x3x8xf32>, memref<?xi32>, memref<4xf32> into memref<?x3x8xf32>
  // CHECK: kernel.windows %{{.*}} at %{{.*}} of %{{.*}}, %{{.*}} into %{{.*}} window [3, 3] stride [2, 1] pad [1, -1] dilation [1, 3] :
  kernel.windows %image at %first of %first, %first into %panel window [3, 3] stride [2, 1] pad [1, -1] dilation [1, 3]
    : memref<2x?x?xf32> into memref<1x18x32xf32>
  // CHECK: kernel.depthwise %{{.*}}, %{{.*}} into %{{.*}} from %{{.*}} to %{{.*}} stride [2, 1] pad [1, 0] dilation [1, 3] :
  kernel.depthwise %channel, %filter into %out from %first to %first stride [2, 1] pad [1, 0] dilation [1, 3]
    : memref<?x?xf32>, memref<3x2xf32> into memref<?x?xf32>
  // CHECK: kernel.topk %{{.*}} into %{{.*}}, %{{.*}} : !f32_Nx8_apart into memref<?x3xf32>, memref<?x3xi32>
  kernel.topk %lines into %values, %indices
    : memref<?x8xf32, strided<[12, 1], offset: ?>> into memref<?x3xf32>, memref<?x3xi32>
  return
}
