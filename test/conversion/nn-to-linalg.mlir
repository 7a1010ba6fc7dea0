// How values lie in memory, when rows are visited one by one, and how functions reach weights, caches and each other.
// RUN: heddle-opt %s --nn-plan-memory --nn-to-linalg --canonicalize --cse --split-input-file --mlir-print-local-scope | FileCheck %s

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>

// The rows lie one behind the other, so what treats tokens alike runs once over all of them.
// CHECK: kernel.monomials = ["B*T"], kernel.sizes = ["B", "T"]
// CHECK-LABEL: func.func @all_tokens_at_once
// CHECK-SAME: (%[[FRAME:.*]]: !kernel.frame) -> i32 attributes {kernel.entry}
func.func @all_tokens_at_once(%x: !x) -> !x attributes {nn.entry} {
  // CHECK-DAG: %[[N:.*]] = kernel.extent %[[FRAME]] "B*T"
  // CHECK-DAG: %[[X:.*]] = kernel.input %[[FRAME]] 0(%[[N]]) : memref<?x3xf32>
  // CHECK-DAG: %[[Y:.*]] = kernel.output %[[FRAME]] 0(%[[N]]) : memref<?x3xf32>
  // CHECK-DAG: %[[A:.*]] = kernel.arena %[[FRAME]][%c0] (%[[N]]) : memref<?x3xf32>
  // CHECK-NOT: scf.for
  // CHECK: linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[A]] :
  %y = nn.relu %x : !x
  // CHECK: linalg.generic {{.*}} ins(%[[A]] : {{.*}}) outs(%[[Y]] :
  %z = nn.exp %y : !x
  return %z : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!v = tensor<?x3xf32, #nn.axes<B, D>>

// What mixes tokens, or joins a value of the row with those of its tokens, goes row by row.
// CHECK-LABEL: func.func private @row_by_row
// CHECK-SAME: (%[[FRAME:.*]]: !kernel.frame, %{{.*}}: !kernel.slots, %{{.*}}: index, %{{.*}}: index, %[[X:.*]]: memref<?x3xf32>, %[[Y:.*]]: memref<?x3xf32>)
func.func @row_by_row(%x: !x) -> !x {
  // CHECK: %[[ROWS:.*]] = kernel.size %[[FRAME]] "B"
  // CHECK: %[[M:.*]] = kernel.arena
  // CHECK: scf.for %[[B:.*]] = %c0 to %[[ROWS]]
  // CHECK: %[[NEXT:.*]] = arith.addi %[[B]], %c1
  // CHECK: %[[BEGIN:.*]] = kernel.row_start %[[FRAME]] "B*T"[%[[B]]]
  // CHECK: %[[END:.*]] = kernel.row_start %[[FRAME]] "B*T"[%[[NEXT]]]
  // CHECK: %[[LENGTH:.*]] = arith.subi %[[END]], %[[BEGIN]]
  // CHECK: memref.subview %[[X]][%[[BEGIN]], 0] [%[[LENGTH]], 3]
  // CHECK: memref.subview %[[M]][%[[B]], 0] [1, 3]
  // CHECK: scf.for {{.*}} = %c0 to %c3
  // CHECK: scf.for {{.*}} = %c0 to %[[LENGTH]]
  // CHECK: arith.addf
  %m = nn.reduce sum %x over "T" : (!x) -> !v
  // CHECK: scf.for %[[B2:.*]] = %c0 to %[[ROWS]]
  // CHECK: memref.subview %[[Y]]
  // CHECK: linalg.generic
  // CHECK: arith.subf
  %z = nn.sub %x, %m : (!x, !v) -> !x
  return %z : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!w = tensor<3xf32, #nn.axes<D>>

// CHECK-LABEL: func.func private @layer
// CHECK-SAME: %[[SLOTS:[a-z0-9]*]]: !kernel.slots, %[[CACHES:[a-z0-9]*]]: index, %[[ARENA:[a-z0-9]*]]: index
func.func @layer(%x: !x) -> !x {
  // CHECK-DAG: kernel.weight %[[SLOTS]][%c0] "a" : memref<3xf32>
  %w = nn.weight "a" : !w
  // CHECK-DAG: kernel.weight %[[SLOTS]][%c1] "b" : memref<3xf32>
  %v = nn.weight "b" : !w
  // CHECK: kernel.arena %{{.*}}[%[[ARENA]]]
  %y = nn.add %x, %w : (!x, !w) -> !x
  %z = nn.add %y, %v : (!x, !w) -> !x
  return %z : !x
}

// The norm has slot 0, a layer two slots more with each turn: layer l's begin at 1 + 2 · (l − 2).
// CHECK-LABEL: func.func @a_loop_walks_along_the_weight_slots
func.func @a_loop_walks_along_the_weight_slots(%x: !x) -> !x attributes {nn.entry} {
  // CHECK: %[[SLOTS:.*]] = kernel.entry_slots %{{.*}} 0
  %n = nn.weight "norm" : !w
  %first = arith.constant 2 : index
  %last = arith.constant 5 : index
  %one = arith.constant 1 : index
  %a = nn.mul %x, %n : (!x, !w) -> !x
  // CHECK: scf.for %[[L:.*]] = %c2 to %c5
  %y = scf.for %l = %first to %last step %one iter_args(%c = %a) -> (!x) {
    // CHECK: %[[DISTANCE:.*]] = arith.muli %[[L]], %c2
    // CHECK: %[[AT:.*]] = arith.addi %[[DISTANCE]], %c-3
    // CHECK: %[[LINE:.*]] = kernel.callee_slots %[[SLOTS]][%[[AT]]]
    // CHECK: func.call @layer(%{{.*}}, %[[LINE]], %c0, %{{.*}}, %[[FROM:.*]], %[[TO:.*]]) :
    // CHECK: linalg.generic {{.*}} ins(%[[TO]] : {{.*}}) outs(%[[FROM]] :
    %d = nn.call @layer(%c) at "h.{0}" [%l] : (!x) -> !x
    scf.yield %d : !x
  }
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
!k = tensor<?x?x3xf32, #nn.axes<B, T, K>>
!ks = tensor<?x?x3xf32, #nn.axes<B, S, K>>
!s = tensor<?x?x?xf32, #nn.axes<B, T, S>>
!x = tensor<?x?x2x5xf32, #nn.axes<B, T, G, K>>
!xs = tensor<?x?x2x5xf32, #nn.axes<B, S, G, K>>

// The T new positions of a row go behind the S − T it held. Row b of [B T S] is a dense T_b×S_b block.
// CHECK-LABEL: func.func private @caches
// CHECK-SAME: %[[SLOT:[a-z0-9]*]]: index, %{{.*}}: index, %[[K:.*]]: memref<?x3xf32>, %[[Y:.*]]: memref<?xf32>)
func.func @caches(%k: !k) -> !s {
  // CHECK: scf.for %[[B:.*]] = %c0
  // CHECK: %[[T:.*]] = arith.subi
  // CHECK: %[[GIVEN:.*]] = memref.subview %[[K]]
  // CHECK: %[[S:.*]] = arith.subi
  // CHECK: %[[KEPT:.*]] = kernel.cache_row %{{.*}}[%[[SLOT]]] "k" row %[[B]](%[[S]]) : memref<?x3xf32>
  // CHECK: %[[HELD:.*]] = arith.subi %[[S]], %[[T]]
  // CHECK: %[[ADDED:.*]] = memref.subview %[[KEPT]][%[[HELD]], 0] [%[[T]], 3]
  // CHECK: linalg.generic {{.*}} ins(%[[GIVEN]] : {{.*}}) outs(%[[ADDED]] :
  %ks = nn.cache_append "k" %k from "T" to "S" : (!k) -> !ks
  // CHECK: scf.for %[[B:.*]] = %c0
  // CHECK: %[[START:.*]] = kernel.row_start %{{.*}} "B*S*T"[%[[B]]]
  // CHECK: memref.reinterpret_cast %[[Y]] to offset: [%[[START]]], sizes: [%[[T:.*]], %[[S:.*]]], strides: [%[[S]], 1]
  %s = nn.dot %k, %ks over "K" : (!k, !ks) -> !s
  return %s : !s
}

// What is kept of a head is one stretch of memory: [S, G, K] lies as [G, capacity, K].
// CHECK-LABEL: func.func private @heads_of_a_cache_lie_outside_of_positions
func.func @heads_of_a_cache_lie_outside_of_positions(%x: !x) -> !x {
  // CHECK: %[[KEPT:.*]] = kernel.cache_row {{.*}} : memref<?x2x5xf32, strided<[5, ?, 1]>>
  // CHECK: memref.subview %[[KEPT]][%{{.*}}, 0, 0] [%{{.*}}, 2, 5]
  %xs = nn.cache_append "x" %x from "T" to "S" : (!x) -> !xs
  // CHECK: kernel.cache_row {{.*}} : memref<?x2x5xf32, strided<[5, ?, 1]>>
  %y = nn.attention %x, %xs, %xs scale 0.5 : (!x, !xs, !xs) -> !x
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @M in 1 to 6 per @B
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>
nn.state @memory : !m

// CHECK-LABEL: func.func @a_state_is_set_row_by_row
func.func @a_state_is_set_row_by_row(%x: !m) attributes {nn.entry} {
  // CHECK: %[[X:.*]] = kernel.input
  // CHECK: scf.for %[[B:.*]] = %c0
  // CHECK: %[[GIVEN:.*]] = memref.subview %[[X]]
  // CHECK: %[[KEPT:.*]] = kernel.cache_row %{{.*}}[%c0] "memory" row %[[B]]
  // CHECK: linalg.generic {{.*}} ins(%[[GIVEN]] : {{.*}}) outs(%[[KEPT]] :
  nn.state_write @memory, %x : !m
  return
}

// The second entry's cache slots begin behind the first's.
// CHECK-LABEL: func.func @a_state_that_is_not_read_row_by_row_is_packed
func.func @a_state_that_is_not_read_row_by_row_is_packed() -> !m attributes {nn.entry} {
  // CHECK: %[[PACKED:.*]] = kernel.arena
  // CHECK: scf.for %[[B:.*]] = %c0
  // CHECK: kernel.cache_row %{{.*}}[%c1] "memory" row %[[B]]
  // CHECK: memref.subview %[[PACKED]]
  // CHECK: linalg.generic {{.*}} ins(%[[PACKED]]
  %m = nn.state_read @memory : !m
  %y = nn.exp %m : !m
  return %y : !m
}
