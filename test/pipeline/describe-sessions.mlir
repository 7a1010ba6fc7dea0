// describe-program, what concerns sessions: states, caches, prefill in chunks.
// RUN: heddle-opt %s --nn-plan-memory --describe-program --split-input-file | FileCheck %s

!k = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!ks = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>

// A state that one entry sets and the other reads is one cache, in the slots of both.
// CHECK: cache_slots = array<i64: 0, 1, 0>
// CHECK-SAME: caches = [{path = "memory", position_bytes = 12 : i64, size = "M", state}, {path = "k", position_bytes = 12 : i64, size = "S"}]
// CHECK-SAME: entries = [{function = "encode", generates = "before", inputs = [{axes = "B M D", dims = ["B", "M", "3"], elements = "3*B*M"
// CHECK-SAME: name = "encode", sets = ["M"]}
// CHECK-SAME: {arena = "12*B*M+12*B*T+4*S+192", cache_slot = 1 : i64, function = "step", generates = "step", grows = ["S"]
// CHECK-SAME: {axes = "B T", dims = ["B", "T"], elements = "B*T", index_bound = 5 : i64, name = "ids", type = "i32"}
// CHECK-SAME: default = 5.000000e-01 : f64
// CHECK-SAME: outputs = [
// CHECK-SAME: reads = ["M"]
// CHECK-SAME: name = "tiny", prefill_in_chunks, row_size = "B"
// CHECK-SAME: {max = 6 : i64, name = "T", per = "B", step = 2 : i64}, {grows_by = "T", max = 6 : i64, name = "S", per = "B"}
// CHECK-SAME: weight_bytes = array<i64
module attributes {nn.model = "tiny", nn.generate = ["encode", "step"]} {
nn.size @D = 3
nn.size @V = 5
nn.size @B in 1 to 4
nn.size @T in 1 to 6 step 2 per @B
nn.size @S in 1 to 6 per @B
nn.size @M in 1 to 6 per @B
nn.state @memory : !m
func.func @encode(%x: !m) attributes {nn.entry} {
  nn.state_write @memory, %x : !m
  return
}
func.func @step(%ids: tensor<?x?xi32, #nn.axes<B, T over V>> {nn.name = "ids"}, %k: !k {nn.name = "k", nn.default = 0.5 : f64})
    -> (!k, !m) attributes {nn.entry} {
  %w = nn.weight "w" : tensor<3xf32, #nn.axes<K>>
  %ks = nn.cache_append "k" %k from "T" to "S" : (!k) -> !ks
  %a = nn.attention %k, %ks, %ks scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    nn.yield %c : i1
  } : (!k, !ks, !ks) -> !k
  %y = nn.add %a, %w : (!k, tensor<3xf32, #nn.axes<K>>) -> !k
  %m = nn.state_read @memory : !m
  %z = nn.relu %m : !m
  return %y, %z : !k, !m
}
}

// -----

!q = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>

// The mask admits later keys, which the first chunk of a prompt would miss.
// CHECK: heddle.program = {
// CHECK-NOT: prefill_in_chunks
// CHECK: @sees_later_keys
module attributes {nn.generate = ["sees_later_keys"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @sees_later_keys(%q: !q) -> !q attributes {nn.entry} {
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %a = nn.attention %q, %k, %k scale 1.0 : (!q, !k, !k) -> !q
  return %a : !q
}
}

// -----

!q = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>

// So does this one: j ≤ i + 1.
// CHECK: heddle.program = {
// CHECK-NOT: prefill_in_chunks
// CHECK: @sees_the_next_key
module attributes {nn.generate = ["sees_the_next_key"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @sees_the_next_key(%q: !q) -> !q attributes {nn.entry} {
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %a = nn.attention %q, %k, %k scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %one = arith.constant 1 : index
    %n = arith.addi %i, %one : index
    %c = arith.cmpi sle, %j, %n : index
    nn.yield %c : i1
  } : (!q, !k, !k) -> !q
  return %a : !q
}
}

// -----

!q = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>

// j ≤ i or j < n, where n may be anything.
// CHECK: heddle.program = {
// CHECK-NOT: prefill_in_chunks
// CHECK: @sees_a_prefix
module attributes {nn.generate = ["sees_a_prefix"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @sees_a_prefix(%q: !q, %p: tensor<?xi32, #nn.axes<B>>) -> !q attributes {nn.entry} {
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %a = nn.attention %q, %k, %k scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %n = nn.lookup %p[%b] : tensor<?xi32, #nn.axes<B>> -> i32
    %x = arith.index_cast %n : i32 to index
    %e = arith.cmpi sle, %j, %i : index
    %f = arith.cmpi slt, %j, %x : index
    %c = arith.ori %e, %f : i1
    nn.yield %c : i1
  } : (!q, !k, !k) -> !q
  return %a : !q
}
}

// -----

!q = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>

// i − j ≥ 0 admits none.
// CHECK: heddle.program = {
// CHECK-SAME: prefill_in_chunks
// CHECK: @sees_what_is_not_ahead
module attributes {nn.generate = ["sees_what_is_not_ahead"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @sees_what_is_not_ahead(%q: !q) -> !q attributes {nn.entry} {
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %a = nn.attention %q, %k, %k scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %zero = arith.constant 0 : index
    %d = arith.subi %i, %j : index
    %c = arith.cmpi sge, %d, %zero : index
    nn.yield %c : i1
  } : (!q, !k, !k) -> !q
  return %a : !q
}
}

// -----

!q = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>

// Nor do (j < i + 1 and i − j < 2) or (j = i and what is no range).
// CHECK: heddle.program = {
// CHECK-SAME: prefill_in_chunks
// CHECK: @sees_a_window_or_itself
module attributes {nn.generate = ["sees_a_window_or_itself"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @sees_a_window_or_itself(%q: !q) -> !q attributes {nn.entry} {
  %k = nn.cache_append "k" %q from "T" to "S" : (!q) -> !k
  %a = nn.attention %q, %k, %k scale 1.0 where {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %n = arith.addi %i, %one : index
    %d = arith.subi %i, %j : index
    %e = arith.cmpi slt, %j, %n : index
    %f = arith.cmpi slt, %d, %two : index
    %l = arith.andi %e, %f : i1
    %s = arith.cmpi eq, %j, %i : index
    %o = arith.cmpi ne, %j, %two : index
    %r = arith.andi %s, %o : i1
    %c = arith.ori %l, %r : i1
    nn.yield %c : i1
  } : (!q, !k, !k) -> !q
  return %a : !q
}
}
