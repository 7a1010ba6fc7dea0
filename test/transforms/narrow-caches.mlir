// Keys and values that only attention reads are kept in bf16; what else is kept stays f32.
// RUN: heddle-opt %s --nn-narrow-caches=type=bf16 --verify-diagnostics --remarks-filter=nn-narrow-caches | FileCheck %s
// RUN: heddle-opt %s --nn-narrow-caches=type=f32 | FileCheck %s --check-prefix=F32
// RUN: heddle-opt %s --nn-narrow-caches=type=q8 | FileCheck %s --check-prefix=Q8
// RUN: heddle-opt %s --nn-narrow-caches=type=q8 | heddle-opt --nn-unfuse | FileCheck %s --check-prefix=REFERENCE
// RUN: not heddle-opt %s --nn-narrow-caches=type=f16 2>&1 | FileCheck %s --check-prefix=TYPE
// F32-NOT: bf16
// TYPE: error: found cache type f16, needed f32, bf16 or q8
//
// The reference keeps what is rounded.
// Q8: nn.cache_append "a.k" %arg1 from "T" to "S" : (!B_T_G_K) -> !dynamic_rows_B_S_G_K
// REFERENCE: nn.abs %arg1
// REFERENCE: nn.sub
// REFERENCE: %[[K:.*]] = nn.mul
// REFERENCE: nn.cache_append "a.k" %[[K]] from "T" to "S" : (!B_T_G_K) -> !B_S_G_K

!q = tensor<?x?x4x8xf32, #nn.axes<B, T, H, K>>
!k = tensor<?x?x2x8xf32, #nn.axes<B, T, G, K>>
!ks = tensor<?x?x2x8xf32, #nn.axes<B, S, G, K>>

module {
  // What else a state is read for keeps it f32.
  // CHECK: nn.state @keys : !bf16_B_S_G_K
  // CHECK: nn.state @values : !B_S_G_K
  // expected-remark @+1 {{state kept as bf16}}
  nn.state @keys : !ks
  nn.state @values : !ks
  nn.size @G = 2
  nn.size @H = 4
  nn.size @K = 8
  nn.size @B in 1 to 4
  nn.size @T in 1 to 64 per @B
  nn.size @S in 1 to 64 per @B

  // CHECK-LABEL: @attends
  func.func @attends(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // CHECK: %[[K:.*]] = nn.cache_append "a.k" {{.*}} -> !bf16_B_S_G_K
    // CHECK: %[[V:.*]] = nn.cache_append "a.v" {{.*}} -> !bf16_B_S_G_K
    // CHECK: nn.attention %arg0, %[[K]], %[[V]] scale
    // expected-remark @+1 {{cache kept as bf16}}
    %ks = nn.cache_append "a.k" %k from "T" to "S" : (!k) -> !ks
    // expected-remark @+1 {{cache kept as bf16}}
    %vs = nn.cache_append "a.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // CHECK-LABEL: @encodes
  func.func @encodes(%k: !ks) -> !ks attributes {nn.entry} {
    // CHECK: nn.state_write @keys, {{.*}} : !B_S_G_K
    nn.state_write @keys, %k : !ks
    nn.state_write @values, %k : !ks
    return %k : !ks
  }
  // CHECK-LABEL: @attends_to_states
  func.func @attends_to_states(%q: !q) -> !q attributes {nn.entry} {
    // CHECK: %[[K:.*]] = nn.state_read @keys : !bf16_B_S_G_K
    %ks = nn.state_read @keys : !ks
    %vs = nn.state_read @values : !ks
    %sum = nn.add %vs, %vs : (!ks, !ks) -> !ks
    // CHECK: nn.attention %arg0, %[[K]], %{{.*}} scale
    %y = nn.attention %q, %ks, %sum scale 0.5 : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // The sum reads b.k, so that another function that appends to it keeps f32 too.
  // CHECK-LABEL: @adds
  func.func @adds(%k: !k) -> !ks attributes {nn.entry} {
    // expected-remark @+2 {{Reason="more than attention reads it", Remark="cache stays f32"}}
    // CHECK: nn.cache_append "b.k" {{.*}} -> !B_S_G_K{{$}}
    %ks = nn.cache_append "b.k" %k from "T" to "S" : (!k) -> !ks
    %y = nn.add %ks, %ks : (!ks, !ks) -> !ks
    return %y : !ks
  }
  // CHECK-LABEL: @shares
  func.func @shares(%q: !q, %k: !k, %v: !k) -> !q attributes {nn.entry} {
    // expected-remark @+3 {{Reason="more than attention reads it", Remark="cache stays f32"}}
    // CHECK: nn.cache_append "b.k" {{.*}} -> !B_S_G_K{{$}}
    // CHECK: nn.cache_append "b.v" {{.*}} -> !bf16_B_S_G_K{{$}}
    %ks = nn.cache_append "b.k" %k from "T" to "S" : (!k) -> !ks
    // expected-remark @+1 {{cache kept as bf16}}
    %vs = nn.cache_append "b.v" %v from "T" to "S" : (!k) -> !ks
    %y = nn.attention %q, %ks, %vs scale 0.5 : (!q, !ks, !ks) -> !q
    return %y : !q
  }

  // Keys that are queries too.
  // CHECK-LABEL: @queries
  func.func @queries(%k: !k) -> !ks attributes {nn.entry} {
    // expected-remark @+2 {{Reason="more than attention reads it", Remark="cache stays f32"}}
    // CHECK: nn.cache_append "c" {{.*}} -> !B_S_G_K{{$}}
    %ks = nn.cache_append "c" %k from "T" to "S" : (!k) -> !ks
    %y = nn.attention %ks, %ks, %ks scale 0.5 : (!ks, !ks, !ks) -> !ks
    return %y : !ks
  }
}
