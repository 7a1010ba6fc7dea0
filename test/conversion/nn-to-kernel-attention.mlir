// RUN: heddle-opt %s --nn-plan-memory --nn-to-kernel --canonicalize --cse --verify-diagnostics --mlir-print-local-scope | FileCheck %s

nn.size @B in 1 to 4
nn.size @T in 1 to 300 per @B
nn.size @S in 1 to 300 per @B

!q = tensor<?x?x6x8xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>
!v = tensor<?x?x2x5xf32, #nn.axes<B, S, G, V>>
!y = tensor<?x?x6x5xf32, #nn.axes<B, T, H, V>>

// Three query heads share a key head, so that 128 · 2 / 6 = 42 queries are a task.
// CHECK-LABEL: func.func @a_task_for_each_row_key_head_and_share_of_the_queries(
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C42:.*]] = arith.constant 42 : index
// CHECK-DAG: %[[Q:.*]] = kernel.input %[[FRAME]] 0
// CHECK-DAG: %[[K:.*]] = kernel.input %[[FRAME]] 1
// CHECK-DAG: %[[B:.*]] = kernel.size %[[FRAME]] "B"
// CHECK-DAG: %[[T:.*]] = kernel.size %[[FRAME]] "T"
// CHECK: %[[SHARES:.*]] = arith.ceildivui %[[T]], %[[C42]]
// CHECK: %[[OFROW:.*]] = arith.muli %[[SHARES]], %[[C2]]
// CHECK: %[[TASKS:.*]] = arith.muli %[[B]], %[[OFROW]]
// CHECK: kernel.parallel %[[FRAME]] (%[[TASK:.*]]) to %[[TASKS]] {
// CHECK: %[[ROW:.*]] = arith.divui %[[TASK]], %[[OFROW]]
// CHECK: %[[HERE:.*]] = arith.remui %[[TASK]], %[[OFROW]]
// CHECK: %[[G:.*]] = arith.divui %[[HERE]], %[[SHARES]]
// CHECK: %[[SHARE:.*]] = arith.remui %[[HERE]], %[[SHARES]]
// CHECK: %[[FIRST:.*]] = arith.muli %[[SHARE]], %[[C42]]
// CHECK: %[[REST:.*]] = arith.subi %{{.*}}, %[[FIRST]]
// CHECK: %[[ANY:.*]] = arith.cmpi sgt, %[[REST]], %[[C0]]
// CHECK: scf.if %[[ANY]]
// CHECK: %[[COUNT:.*]] = arith.minui %[[REST]], %[[C42]]
// CHECK: %[[H:.*]] = arith.muli %[[G]], %[[C3]]
// CHECK: memref.subview %{{.*}}[%[[FIRST]], %[[H]], 0] [%[[COUNT]], 3, 8] [1, 1, 1]
// CHECK: memref.subview %{{.*}}[0, %[[G]], 0] [%{{.*}}, 1, 8] [1, 1, 1]
// CHECK: kernel.attention %{{.*}} row %[[ROW]] head %[[H]] position %[[FIRST]] scale 0.5 :
// CHECK-SAME: memref<?x3x8xf32, strided<[48, 8, 1], offset: ?>>, memref<?x8xf32, strided<[16, 1], offset: ?>>, memref<?x5xf32, strided<[10, 1], offset: ?>> into memref<?x3x5xf32, strided<[30, 5, 1], offset: ?>>
func.func @a_task_for_each_row_key_head_and_share_of_the_queries(%q: !q, %k: !k, %v: !v) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 : (!q, !k, !v) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @causal_is_a_bound(
// CHECK: kernel.attention {{.*}} keys {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index):
// CHECK-NEXT: %[[END:.*]] = arith.addi %[[I]], %c1
// CHECK: %[[TO:.*]] = arith.minsi %[[END]], %{{.*}}
// CHECK: kernel.yield %c0{{.*}}, %[[TO]] : index, index
// CHECK-NEXT: } : memref
func.func @causal_is_a_bound(%q: !q, %k: !k, %v: !v) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// i − j < 7 is −j < 7 − i, so that j ≥ i − 6.
// CHECK-LABEL: func.func @a_window_is_two_bounds(
// CHECK: kernel.attention {{.*}} keys {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %[[I:.*]]: index):
// CHECK: %[[BEGIN:.*]] = arith.addi %[[I]], %c-6
// CHECK: %[[FROM:.*]] = arith.maxsi %[[BEGIN]], %c0
// CHECK: kernel.yield %[[FROM]], %{{.*}} : index, index
// CHECK-NEXT: } : memref
func.func @a_window_is_two_bounds(%q: !q, %k: !k, %v: !v) -> !y attributes {nn.entry} {
  %c7 = arith.constant 7 : index
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    %back = arith.subi %i, %j : index
    %near = arith.cmpi slt, %back, %c7 : index
    %both = arith.andi %c, %near : i1
    nn.yield %both : i1
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @a_prefix_is_one_bound(
// CHECK: kernel.attention {{.*}} keys {
// CHECK-NEXT: ^bb0(%[[ROW:.*]]: index, %{{.*}}: index, %[[I:.*]]: index):
// CHECK-DAG: %[[END:.*]] = arith.addi %[[I]], %c1
// CHECK-DAG: %[[N:.*]] = memref.load %{{.*}}[%[[ROW]]] : memref<?xi32>
// CHECK-DAG: %[[PREFIX:.*]] = arith.index_cast %[[N]] : i32 to index
// CHECK: arith.maxsi %[[END]], %[[PREFIX]]
// CHECK: kernel.yield
// CHECK-NEXT: } : memref
func.func @a_prefix_is_one_bound(%q: !q, %k: !k, %v: !v, %n: tensor<?xi32, #nn.axes<B>>) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    %length = nn.lookup %n[%b] : tensor<?xi32, #nn.axes<B>> -> i32
    %prefix = arith.index_cast %length : i32 to index
    %seen = arith.cmpi slt, %j, %prefix : index
    %either = arith.ori %c, %seen : i1
    nn.yield %either : i1
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @what_is_no_range_stays_a_predicate(
// CHECK: kernel.attention {{.*}} keys {
// CHECK-NOT: remui
// CHECK: } where {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %[[J:.*]]: index):
// CHECK-NEXT: arith.remui %[[J]]
// CHECK-NEXT: %[[ODD:.*]] = arith.cmpi eq
// CHECK-NEXT: kernel.yield %[[ODD]] : i1
func.func @what_is_no_range_stays_a_predicate(%q: !q, %k: !k, %v: !v) -> !y attributes {nn.entry} {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    %rest = arith.remui %j, %c2 : index
    %odd = arith.cmpi eq, %rest, %c1 : index
    %both = arith.andi %c, %odd : i1
    nn.yield %both : i1
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// Two ranges with a gap between them are no range.
// CHECK-LABEL: func.func @ranges_apart_stay_a_predicate(
// CHECK: kernel.attention
// CHECK-NOT: keys {
// CHECK-SAME: where {
// CHECK: arith.ori
func.func @ranges_apart_stay_a_predicate(%q: !q, %k: !k, %v: !v) -> !y attributes {nn.entry} {
  %c2 = arith.constant 2 : index
  %y = nn.attention %q, %k, %v scale 0.5 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %before = arith.cmpi slt, %j, %c2 : index
    %after = arith.cmpi sge, %j, %i : index
    %either = arith.ori %before, %after : i1
    nn.yield %either : i1
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @a_bias_reads_its_table(
// CHECK: %[[TABLE:.*]] = kernel.input %{{.*}} 3() : memref<300x6xf32>
// CHECK: kernel.attention
// CHECK-SAME: bias {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %[[H:.*]]: index, %{{.*}}: index, %[[J:.*]]: index):
// CHECK-NEXT: %[[BIAS:.*]] = memref.load %[[TABLE]][%[[J]], %[[H]]]
// CHECK-NEXT: kernel.yield %[[BIAS]] : f32
func.func @a_bias_reads_its_table(%q: !q, %k: !k, %v: !v, %r: tensor<300x6xf32, #nn.axes<R, H>>) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 bias {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %e = nn.lookup %r[%j, %h] : tensor<300x6xf32, #nn.axes<R, H>> -> f32
    nn.yield %e : f32
  } : (!q, !k, !v) -> !y
  return %y : !y
}

// CHECK-LABEL: func.func @narrow_keys(
// CHECK: kernel.attention {{.*}} : memref<?x3x8xf32, {{.*}}>, memref<?x8xbf16, {{.*}}>, memref<?x5xf32, 
func.func @narrow_keys(%q: !q, %k: tensor<?x?x2x8xbf16, #nn.axes<B, S, G, K>>, %v: !v) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 : (!q, tensor<?x?x2x8xbf16, #nn.axes<B, S, G, K>>, !v) -> !y
  return %y : !y
}

nn.size @L in 1 to 2000 per @B

!long_k = tensor<?x?x2x8xf32, #nn.axes<B, L, G, K>>
!long_v = tensor<?x?x2x5xf32, #nn.axes<B, L, G, V>>

// More keys than a span, of 512: rows have different numbers of tasks, and what
// spans leave is merged.
// CHECK-LABEL: func.func @few_queries_take_a_task_for_each_span_of_keys(
// CHECK: %[[SUM:.*]]:3 = scf.for
// CHECK: kernel.parallel %{{.*}} (%[[TASK:.*]]) to %[[SUM]]#0 {
// CHECK: %[[ROW:.*]]:2 = scf.while
// CHECK: %[[SPAN:.*]] = arith.select %{{.*}}, %{{.*}}, %c-1
// CHECK: %[[STATES:.*]] = memref.subview
// CHECK: kernel.attention {{.*}} row %[[ROW]]#0 {{.*}} span %[[SPAN]] to %[[STATES]] scale 0.5 :
// CHECK: scf.if
// CHECK: kernel.parallel %{{.*}} (%{{.*}}) to %{{.*}} when %{{.*}} {
// CHECK: kernel.merge_spans %{{.*}} of %{{.*}} into %{{.*}} :
func.func @few_queries_take_a_task_for_each_span_of_keys(%q: !q, %k: !long_k, %v: !long_v) -> !y attributes {nn.entry} {
  %y = nn.attention %q, %k, %v scale 0.5 : (!q, !long_k, !long_v) -> !y
  return %y : !y
}
