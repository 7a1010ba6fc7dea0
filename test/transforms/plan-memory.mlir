// RUN: heddle-opt %s --nn-plan-memory --split-input-file | FileCheck %s

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>

// a is free once b is there, so c takes its place; d is written straight to the result.
// CHECK-LABEL: @a_dead_value_gives_its_buffer_back
// CHECK-SAME: nn.arena = "24*B*T+128", nn.buffers = ["12*B*T", "12*B*T"]
func.func @a_dead_value_gives_its_buffer_back(%x: !x) -> !x {
  // CHECK: nn.relu {{.*}} {nn.places = array<i64: 0>}
  %a = nn.relu %x : !x
  // CHECK: nn.exp {{.*}} {nn.places = array<i64: 1>}
  %b = nn.exp %a : !x
  // CHECK: nn.neg {{.*}} {nn.places = array<i64: 0>}
  %c = nn.neg %b : !x
  // CHECK: nn.tanh {{.*}} {nn.places = array<i64: -2>}
  %d = nn.tanh %c : !x
  return %d : !x
}

// CHECK-LABEL: @a_value_still_to_be_read_keeps_its_buffer
// CHECK-SAME: nn.buffers = ["12*B*T", "12*B*T", "12*B*T"]
func.func @a_value_still_to_be_read_keeps_its_buffer(%x: !x) -> !x {
  // CHECK: nn.relu {{.*}} {nn.places = array<i64: 0>}
  %a = nn.relu %x : !x
  // CHECK: nn.exp {{.*}} {nn.places = array<i64: 1>}
  %b = nn.exp %a : !x
  // CHECK: nn.neg {{.*}} {nn.places = array<i64: 2>}
  %c = nn.neg %b : !x
  // CHECK: nn.add {{.*}} {nn.places = array<i64: -2>}
  %d = nn.add %a, %c : (!x, !x) -> !x
  return %d : !x
}

// The second result lies where the second argument of the function's results says.
// CHECK-LABEL: @results_are_numbered
// CHECK-SAME: nn.arena = "0", nn.buffers = []
func.func @results_are_numbered(%x: !x) -> (!x, !x) {
  // CHECK: nn.relu {{.*}} {nn.places = array<i64: -3>}
  %a = nn.relu %x : !x
  // CHECK: nn.exp {{.*}} {nn.places = array<i64: -2>}
  %b = nn.exp %a : !x
  return %b, %a : !x, !x
}

// Sizes that grow alike share a buffer as large as the larger; others do not.
// CHECK-LABEL: @only_sizes_that_grow_alike_share
// CHECK-SAME: nn.buffers = ["20*B*T", "12*B*T", "12*B", "20*B"]
func.func @only_sizes_that_grow_alike_share(%x: !x, %w: tensor<5x3xf32, #nn.axes<E, D>>) -> tensor<?x?x5xf32, #nn.axes<B, T, E>> {
  %a = nn.relu %x : !x
  %b = nn.exp %a : !x
  // CHECK: nn.linear {{.*}} {nn.places = array<i64: 0>}
  %e = nn.linear %b, %w contracts 1 : (!x, tensor<5x3xf32, #nn.axes<E, D>>) -> tensor<?x?x5xf32, #nn.axes<B, T, E>>
  // CHECK: nn.reduce {{.*}} {nn.places = array<i64: 2>}
  %m = nn.reduce mean %b over "T" : (!x) -> tensor<?x3xf32, #nn.axes<B, D>>
  // CHECK: nn.linear {{.*}} {nn.places = array<i64: 3>}
  %f = nn.linear %m, %w contracts 1 : (tensor<?x3xf32, #nn.axes<B, D>>, tensor<5x3xf32, #nn.axes<E, D>>) -> tensor<?x5xf32, #nn.axes<B, E>>
  %g = nn.add %e, %f : (tensor<?x?x5xf32, #nn.axes<B, T, E>>, tensor<?x5xf32, #nn.axes<B, E>>) -> tensor<?x?x5xf32, #nn.axes<B, T, E>>
  return %g : tensor<?x?x5xf32, #nn.axes<B, T, E>>
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>

// What is carried has a buffer for all turns, and what the body reads of the outside lives until the loop ends.
// CHECK-LABEL: @loop
func.func @loop(%x: !x) -> !x {
  %first = arith.constant 0 : index
  %last = arith.constant 3 : index
  %one = arith.constant 1 : index
  // CHECK: nn.relu {{.*}} {nn.places = array<i64: [[OUTER:[0-9]]]>}
  %a = nn.relu %x : !x
  // CHECK: scf.for
  %y = scf.for %l = %first to %last step %one iter_args(%c = %x) -> (!x) {
    // CHECK-NOT: array<i64: [[OUTER]]>
    %b = nn.add %a, %c : (!x, !x) -> !x
    %d = nn.exp %b : !x
    scf.yield %d : !x
  // CHECK: } {nn.places = array<i64: -2>}
  }
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
!q = tensor<?x?x2x4xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x4xf32, #nn.axes<B, S, H, K>>

// Attention reads the session's memory in place. Its scratch is a line of scores, for the reference lowering.
// CHECK-LABEL: @a_cache_is_read_where_it_lies
// CHECK-SAME: nn.buffers = ["4*S"]
func.func @a_cache_is_read_where_it_lies(%q: !q) -> !q {
  // CHECK: nn.cache_append "k" {{.*}} {nn.places = array<i64: -1>}
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  // CHECK: nn.attention {{.*}} {nn.places = array<i64: -2, 0>}
  %a = nn.attention %q, %k, %k scale 0.5 : (!q, !k, !k) -> !q
  return %a : !q
}

// CHECK-LABEL: @a_cache_that_another_op_reads_is_packed
func.func @a_cache_that_another_op_reads_is_packed(%q: !q) -> !k {
  // CHECK: nn.cache_append "k" {{.*}} {nn.places = array<i64: 0>}
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %y = nn.exp %k : !k
  return %y : !k
}

// -----

nn.size @B in 1 to 4
!x = tensor<?x3xf32, #nn.axes<B, D>>

// CHECK-LABEL: @small
// CHECK-SAME: nn.arena = "12*B+64"
func.func @small(%x: !x) -> !x {
  // CHECK: nn.weight {{.*}} {nn.places = array<i64: -1>}
  %w = nn.weight "w" : tensor<3xf32, #nn.axes<D>>
  %a = nn.relu %x : !x
  %b = nn.add %a, %w : (!x, tensor<3xf32, #nn.axes<D>>) -> !x
  return %b : !x
}

// CHECK-LABEL: @large
// CHECK-SAME: nn.arena = "24*B+128"
func.func @large(%x: !x) -> !x {
  %a = nn.relu %x : !x
  %b = nn.exp %a : !x
  %c = nn.add %a, %b : (!x, !x) -> !x
  return %c : !x
}

// Callees run one after another: their arena is that of the largest, after the caller's own buffers.
// CHECK-LABEL: @caller
// CHECK-SAME: nn.arena = "36*B+192", nn.buffers = ["12*B"]
func.func @caller(%x: !x) -> !x attributes {nn.entry} {
  %a = nn.call @large(%x) at "l" : (!x) -> !x
  %b = nn.call @small(%a) at "s" : (!x) -> !x
  return %b : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!w = tensor<3x3xf32, #nn.axes<D, D>>

// The product writes where what is added lay; that is given back when both are read.
// CHECK-LABEL: @a_product_takes_the_place_of_its_residual
// CHECK-SAME: nn.buffers = ["12*B*T", "12*B*T"]
func.func @a_product_takes_the_place_of_its_residual(%x: !x, %w: !w) -> !x {
  // CHECK: nn.relu {{.*}} {nn.places = array<i64: 0>}
  %a = nn.relu %x : !x
  // CHECK: nn.linear {{.*}} then
  // CHECK: } {nn.places = array<i64: 0>}
  %b = nn.linear %x, %w with %a contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, !w, !x) -> !x
  // CHECK: nn.exp {{.*}} {nn.places = array<i64: 1>}
  %c = nn.exp %b : !x
  // CHECK: nn.neg {{.*}} {nn.places = array<i64: 0>}
  %d = nn.neg %c : !x
  %e = nn.tanh %d : !x
  return %e : !x
}

// CHECK-LABEL: @not_the_place_of_a_residual_that_is_read_again
// CHECK-SAME: nn.buffers = ["12*B*T", "12*B*T"]
func.func @not_the_place_of_a_residual_that_is_read_again(%x: !x, %w: !w) -> !x {
  %a = nn.relu %x : !x
  // CHECK: nn.linear {{.*}} then
  // CHECK: } {nn.places = array<i64: 1>}
  %b = nn.linear %x, %w with %a contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, !w, !x) -> !x
  %c = nn.add %a, %b : (!x, !x) -> !x
  return %c : !x
}

// CHECK-LABEL: @not_the_place_of_a_residual_that_is_the_product_s_input
// CHECK-SAME: nn.buffers = ["12*B*T", "12*B*T"]
func.func @not_the_place_of_a_residual_that_is_the_product_s_input(%x: !x, %w: !w) -> !x {
  %a = nn.relu %x : !x
  // CHECK: nn.linear {{.*}} then
  // CHECK: } {nn.places = array<i64: 1>}
  %b = nn.linear %a, %w with %a contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, !w, !x) -> !x
  %c = nn.exp %b : !x
  return %c : !x
}

// CHECK-LABEL: @not_the_place_of_an_argument
// CHECK-SAME: nn.buffers = ["12*B*T"]
func.func @not_the_place_of_an_argument(%x: !x, %w: !w) -> !x {
  // CHECK: nn.linear {{.*}} then
  // CHECK: } {nn.places = array<i64: 0>}
  %b = nn.linear %x, %w with %x contracts 1 then {
  ^bb0(%sum: f32, %residual: f32):
    %0 = arith.addf %residual, %sum : f32
    nn.yield %0 : f32
  } : (!x, !w, !x) -> !x
  %c = nn.exp %b : !x
  return %c : !x
}

// Pre-norm: the carried value stays in one place from turn to turn.
// CHECK-LABEL: @a_loop_adds_in_place
// CHECK-SAME: nn.buffers = ["12*B*T", "12*B*T"]
func.func @a_loop_adds_in_place(%x: !x, %w: !w) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %x) -> (!x) {
    // CHECK: nn.relu {{.*}} {nn.places = array<i64: 1>}
    %n = nn.relu %t : !x
    // CHECK: nn.linear {{.*}} then
    // CHECK: } {nn.places = array<i64: 0>}
    %a = nn.linear %n, %w with %t contracts 1 then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = arith.addf %residual, %sum : f32
      nn.yield %0 : f32
    } : (!x, !w, !x) -> !x
    // CHECK: nn.exp {{.*}} {nn.places = array<i64: 1>}
    %m = nn.exp %a : !x
    // CHECK: nn.linear {{.*}} then
    // CHECK: } {nn.places = array<i64: 0>}
    %b = nn.linear %m, %w with %a contracts 1 then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = arith.addf %residual, %sum : f32
      nn.yield %0 : f32
    } : (!x, !w, !x) -> !x
    scf.yield %b : !x
    // CHECK: } {nn.places = array<i64: 0>}
  }
  %y = nn.tanh %r : !x
  return %y : !x
}

// Post-norm: what a turn ends with is written where the next reads it, once this one has read its own.
// CHECK-LABEL: @a_loop_ends_where_it_began
func.func @a_loop_ends_where_it_began(%x: !x, %w: !w) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %x) -> (!x) {
    // CHECK: nn.linear {{.*}} with {{.*}} then
    // CHECK: } {nn.places = array<i64: 1>}
    %a = nn.linear %t, %w with %t contracts 1 then {
    ^bb0(%sum: f32, %residual: f32):
      %0 = arith.addf %residual, %sum : f32
      nn.yield %0 : f32
    } : (!x, !w, !x) -> !x
    // CHECK: nn.relu {{.*}} {nn.places = array<i64: 0>}
    %n = nn.relu %a : !x
    scf.yield %n : !x
  }
  // CHECK: scf.for
  %s = scf.for %l = %c0 to %c3 step %c1 iter_args(%t = %r) -> (!x) {
    // CHECK: nn.add {{.*}} {nn.places = array<i64: [[PLACE:[0-9]+]]>}
    %a = nn.add %t, %t : (!x, !x) -> !x
    scf.yield %a : !x
    // CHECK-NOT: } {nn.places = array<i64: [[PLACE]]>}
  }
  %y = nn.tanh %s : !x
  return %y : !x
}

// -----

nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x57xf32, #nn.axes<B, T, D>>

// Rows with one scale: 57 bytes and 8, to whole lines; with one a group: 64 bytes and 16.
// CHECK-LABEL: @quantised_rows_are_bytes
// CHECK-SAME: nn.buffers = ["128*B*T"]
func.func @quantised_rows_are_bytes(%x: !x) attributes {nn.entry} {
  // CHECK: nn.narrow {{.*}} {nn.places = array<i64: 0>} {{.*}} -> !dynamic_rows
  %r = nn.narrow %x contracts 1 : !x -> tensor<?x?x57x!nn.dynamic<row>, #nn.axes<B, T, D>>
  // CHECK: nn.narrow {{.*}} {nn.places = array<i64: 0>} {{.*}} -> !dynamic_groups
  %g = nn.narrow %x contracts 1 : !x -> tensor<?x?x57x!nn.dynamic<32>, #nn.axes<B, T, D>>
  // CHECK: nn.narrow {{.*}} {nn.places = array<i64: 0>} {{.*}}bf16
  %b = nn.narrow %x contracts 1 : !x -> tensor<?x?x57xbf16, #nn.axes<B, T, D>>
  return
}

// -----

// A route's scratch: what a block gives for all tokens. Grouped, also the tokens of a block, all choices, and a number a
// block; and the block's own buffers lie behind them.
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
!i = tensor<?x?x2xi32, #nn.axes<B, T, A over E>>
!y = tensor<?x?x2x3xf32, #nn.axes<B, T, A, D>>
// CHECK-LABEL: @expert
// CHECK-SAME: nn.buffers = ["12*B*T"]
func.func private @expert(%x: !x) -> !x {
  %h = nn.exp %x : !x
  %y = nn.relu %h : !x
  return %y : !x
}
// CHECK-LABEL: @routed
// CHECK-SAME: nn.arena = "24*B*T+128", nn.buffers = ["12*B*T"]
func.func @routed(%x: !x, %i: !i) -> !y attributes {nn.entry} {
  // CHECK: nn.route {{.*}} {nn.places = array<i64: -2, 0>}
  %y = nn.route @expert(%x) by %i of 5 at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}
// CHECK-LABEL: @grouped
// CHECK-SAME: nn.arena = "44*B*T+340", nn.buffers = ["12*B*T", "12*B*T", "8*B*T", "20"]
func.func @grouped(%x: !x, %i: !i) -> !y attributes {nn.entry} {
  // CHECK: nn.route {{.*}} {nn.places = array<i64: -2, 0, 1, 2, 3>}
  %y = nn.route @expert(%x) by %i of 5 grouped at "e.{0}" : (!x, !i) -> !y
  return %y : !y
}

// -----

// What an axis is reduced to on the way: the largest and the sum of a softmax, the norm of a normalize.
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
!x = tensor<?x?x3xf32, #nn.axes<B, T, D>>
// CHECK-LABEL: @reduced_on_the_way
// CHECK-SAME: nn.buffers = ["12*B*T", "4*B*T", "4*B*T", "12*B"]
func.func @reduced_on_the_way(%x: !x) -> !x attributes {nn.entry} {
  // CHECK: nn.softmax {{.*}} {nn.places = array<i64: 0, 1, 2>}
  %p = nn.softmax %x over "D" : (!x) -> !x
  // CHECK: nn.normalize {{.*}} {nn.places = array<i64: -2, 3>}
  %y = nn.normalize %p over "T" eps 1.0e-12 : (!x) -> !x
  return %y : !x
}
