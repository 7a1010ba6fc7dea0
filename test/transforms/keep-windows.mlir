// A cache whose readers all look back so far at most is kept within that; keys and values, and all uses of a path, alike.
// RUN: heddle-opt %s --nn-keep-windows --verify-diagnostics --remarks-filter=nn-keep-windows | FileCheck %s

!q = tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x8xf32, #nn.axes<B, T, G, K>>
!ks = tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>

module {
  nn.size @G = 2
  nn.size @H = 4
  nn.size @K = 8
  nn.size @B in 1 to 4
  nn.size @T in 1 to 64 per @B
  nn.size @S in 1 to 64 per @B

  // CHECK-LABEL: @within
  func.func @within(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK: nn.cache_append "a.k" {{.*}} from "T" to "S" within 7 :
    // CHECK: nn.cache_append "a.v" {{.*}} from "T" to "S" within 7 :
    // expected-remark @+1 {{cache keeps a window of 7 positions}}
    %ks = nn.cache_append "a.k" %k from "T" to "S" : (!k) -> !ks
    // expected-remark @+1 {{cache keeps a window of 7 positions}}
    %vs = nn.cache_append "a.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 where {
    ^bb0(%row: index, %head: index, %i: index, %j: index):
      %c7 = arith.constant 7 : index
      %past = arith.cmpi sle, %j, %i : index
      %back = arith.subi %i, %j : index
      %near = arith.cmpi slt, %back, %c7 : index
      %both = arith.andi %past, %near : i1
      nn.yield %both : i1
    } : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // Of two conditions one of which has to hold, the wider window.
  // CHECK-LABEL: @either
  func.func @either(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK: nn.cache_append "b.k" {{.*}} within 10 :
    // CHECK: nn.cache_append "b.v" {{.*}} within 10 :
    // expected-remark @+1 {{cache keeps a window of 10 positions}}
    %ks = nn.cache_append "b.k" %k from "T" to "S" : (!k) -> !ks
    // expected-remark @+1 {{cache keeps a window of 10 positions}}
    %vs = nn.cache_append "b.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 where {
    ^bb0(%row: index, %head: index, %i: index, %j: index):
      %c3 = arith.constant 3 : index
      %c9 = arith.constant 9 : index
      %back = arith.subi %i, %j : index
      %near = arith.cmpi slt, %back, %c3 : index
      %far = arith.cmpi sle, %back, %c9 : index
      %any = arith.ori %near, %far : i1
      nn.yield %any : i1
    } : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // A window that all positions fit in is none; nor is one that a head chooses.
  // CHECK-LABEL: @all
  func.func @all(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK-NOT: within
    %ks = nn.cache_append "c.k" %k from "T" to "S" : (!k) -> !ks
    %vs = nn.cache_append "c.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 where {
    ^bb0(%row: index, %head: index, %i: index, %j: index):
      %c64 = arith.constant 64 : index
      %back = arith.subi %i, %j : index
      %near = arith.cmpi slt, %back, %c64 : index
      nn.yield %near : i1
    } : (!q, !ks, !ks) -> !q
    return %y : !q
  }
  // CHECK-LABEL: @chosen
  func.func @chosen(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK-NOT: within
    %ks = nn.cache_append "d.k" %k from "T" to "S" : (!k) -> !ks
    %vs = nn.cache_append "d.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 where {
    ^bb0(%row: index, %head: index, %i: index, %j: index):
      %back = arith.subi %i, %j : index
      %near = arith.cmpi slt, %back, %head : index
      nn.yield %near : i1
    } : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // Another entry reads all of e.k, so that its values are kept as well.
  // CHECK-LABEL: @shared
  func.func @shared(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK-NOT: within
    %ks = nn.cache_append "e.k" %k from "T" to "S" : (!k) -> !ks
    %vs = nn.cache_append "e.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 where {
    ^bb0(%row: index, %head: index, %i: index, %j: index):
      %c7 = arith.constant 7 : index
      %back = arith.subi %i, %j : index
      %near = arith.cmpi slt, %back, %c7 : index
      nn.yield %near : i1
    } : (!q, !ks, !ks) -> !q
    return %y : !q
  }
  // CHECK-LABEL: @reads
  func.func @reads(%k: !k) -> !ks attributes {nn.entry} {
    // CHECK-NOT: within
    %ks = nn.cache_append "e.k" %k from "T" to "S" : (!k) -> !ks
    %y = nn.add %ks, %ks : (!ks, !ks) -> !ks
    return %y : !ks
  }
}
