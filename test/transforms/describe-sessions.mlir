// describe-program, what concerns sessions: states, caches, prefill in chunks.
// RUN: heddle-opt %s --nn-plan-memory --describe-program --split-input-file | FileCheck %s

!k = tensor<?x?x1x3xf32, #nn.axes<B, T, H, K>>
!ks = tensor<?x?x1x3xf32, #nn.axes<B, S, H, K>>
!m = tensor<?x?x3xf32, #nn.axes<B, M, D>>

// A state that one entry sets and the other reads is one cache, in the slots of both.
// CHECK: program.description "tiny" rows "B" prefill_in_chunks {
// CHECK: program.size "T" in 1 to 6 step 2 per "B"
// CHECK-NEXT: program.size "S" in 1 to 6 per "B" grown by "T"
// CHECK: program.entry @encode generates before caches <0> sets ["M"] {
// CHECK-NEXT: program.input "input0" "B M D" : f32 ["B", "M", "3"] of audio
// CHECK-NEXT: }
// CHECK-NEXT: program.entry @step generates step arena "12*B*M+12*B*T+4*S+192" weights <0> caches <1, 0> grows ["S"] reads ["M"] {
// CHECK-NEXT: program.input "ids" "B T" : i32 ["B", "T"] below 5
// CHECK-NEXT: program.input "k" "B T H K" : f32 ["B", "T", "1", "3"] default 5.000000e-01
// CHECK-NEXT: program.output "result1" "B T H K" : f32 ["B", "T", "1", "3"]
// CHECK-NEXT: program.output "result2" "B M D" : f32 ["B", "M", "3"]
// CHECK-NEXT: }
// CHECK-NEXT: program.cache 0 "memory" of 12 bytes per "M" state
// CHECK-NEXT: program.cache 1 "k" of 12 bytes per "S"
module attributes {nn.model = "tiny", nn.generate = ["encode", "step"]} {
nn.size @D = 3
nn.size @V = 5
nn.size @B in 1 to 4
nn.size @T in 1 to 6 step 2 per @B
nn.size @S in 1 to 6 per @B
nn.size @M in 1 to 6 per @B
nn.state @memory : !m
func.func @encode(%x: !m {nn.content = "audio"}) attributes {nn.entry} {
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
// CHECK: program.description "" rows "B" {
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
// CHECK: program.description "" rows "B" {
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
// CHECK: program.description "" rows "B" {
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
// CHECK: program.description "" rows "B" prefill_in_chunks {
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
// CHECK: program.description "" rows "B" prefill_in_chunks {
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

// -----

!x = tensor<?x?x4xf32, #nn.axes<B, T, D>>
!h = tensor<?x4xf32, #nn.axes<B, D>>

// What a recurrence has read is counted where no cache counts it.
// CHECK: program.description "" rows "B" prefill_in_chunks {
// CHECK: program.size "T" in 1 to 6 per "B"
// CHECK-NEXT: program.size "T_read" in 1 to 2147483647 per "B" grown by "T"
// CHECK-NEXT: program.entry @step generates step {{.*}} caches <0> grows ["T_read"]
// CHECK: program.entry @once
// CHECK-NOT: grows
// CHECK: program.cache 0 "h.0" of 16 bytes{{$}}
module attributes {nn.generate = ["step"]} {
nn.size @D = 4
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
func.func @step(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.scan "h" over "T" (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    %n = nn.add %t, %h : (!h, !h) -> !h
    nn.yield %n, %n : !h, !h
  } : (!x) -> !x
  return %y : !x
}
func.func @once(%x: !x) -> !x attributes {nn.entry} {
  %y = nn.scan "h" over "T" anew (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    %n = nn.add %t, %h : (!h, !h) -> !h
    nn.yield %n, %n : !h, !h
  } : (!x) -> !x
  return %y : !x
}
}

// -----

!x = tensor<?x?x4xf32, #nn.axes<B, T, D>>
!h = tensor<?x4xf32, #nn.axes<B, D>>

// In reverse, the first chunk of a prompt would begin within it.
// CHECK: program.description "" rows "B" {
// CHECK: @reversed
module attributes {nn.generate = ["reversed"]} {
nn.size @D = 4
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @reversed(%x: !x) -> !x attributes {nn.entry} {
  %k = nn.cache_append "k" %x from "T" to "S" : (!x) -> tensor<?x?x4xf32, #nn.axes<B, S, D>>
  %y = nn.scan "h" over "T" reversed (%x) carry [!h] {
  ^bb0(%t: !h, %h: !h):
    %n = nn.add %t, %h : (!h, !h) -> !h
    nn.yield %n, %n : !h, !h
  } : (!x) -> !x
  return %y : !x
}
}

// -----

!k = tensor<?x?x2x3x5xf32, #nn.axes<B, T, G, H, K>>

// Each of two times three heads has a stream of its own.
// CHECK: program.cache 0 "k" of 120 bytes per "S" in 6 streams
module attributes {nn.generate = ["keeps_heads"]} {
nn.size @B in 1 to 4
nn.size @T in 1 to 6 per @B
nn.size @S in 1 to 6 per @B
func.func @keeps_heads(%k: !k) -> tensor<?x?x2x3x5xf32, #nn.axes<B, S, G, H, K>> attributes {nn.entry} {
  %ks = nn.cache_append "k" %k from "T" to "S" : (!k) -> tensor<?x?x2x3x5xf32, #nn.axes<B, S, G, H, K>>
  return %ks : tensor<?x?x2x3x5xf32, #nn.axes<B, S, G, H, K>>
}
}
