// Experts over given choices; route.py says what to give. 45 and 37 are no whole panels, groups or lines.
!x = tensor<?x?x45xf32, #nn.axes<B, T, D>>
!h = tensor<?x?x37xf32, #nn.axes<B, T, F>>
!g = tensor<?x?x5x9xf32, #nn.axes<B, T, G, K>>
!r = tensor<?x45xf32, #nn.axes<B, D>>

module attributes {nn.model = "route"} {
nn.size @D = 45
nn.size @F = 37
nn.size @E = 5
nn.size @G = 5
nn.size @K = 9
nn.size @P = 20
nn.size @Q = 25
nn.size @A = 2
nn.size @B in 1 to 8
nn.size @T in 1 to 200 per @B

func.func private @expert(%x: !x) -> !x {
  %g = nn.weight "gate.weight" : tensor<37x45xf32, #nn.axes<F, D>>
  %a = nn.linear %x, %g contracts 1 : (!x, tensor<37x45xf32, #nn.axes<F, D>>) -> !h
  %s = nn.silu %a : !h
  %u = nn.weight "up.weight" : tensor<37x45xf32, #nn.axes<F, D>>
  %b = nn.linear %x, %u contracts 1 : (!x, tensor<37x45xf32, #nn.axes<F, D>>) -> !h
  %m = nn.mul %s, %b : (!h, !h) -> !h
  %d = nn.weight "down.weight" : tensor<45x37xf32, #nn.axes<D, F>>
  %y = nn.linear %m, %d contracts 1 : (!h, tensor<45x37xf32, #nn.axes<D, F>>) -> !x
  return %y : !x
}
func.func @experts(%x: !x {nn.name = "x"}, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over E>> {nn.name = "e"})
    -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>> attributes {nn.entry} {
  %y = nn.route @expert(%x) by %e of 5 at "experts.{0}"
     : (!x, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
}

// One token a row; its lines are of two products, a norm and a softmax.
func.func private @head(%x: !r) -> tensor<?x37xf32, #nn.axes<B, F>> {
  %n = nn.weight "norm.weight" : tensor<45xf32, #nn.axes<D>>
  %z = nn.rms_norm %x, %n eps 1.0e-5 : (!r, tensor<45xf32, #nn.axes<D>>) -> !r
  %w = nn.weight "head.weight" : tensor<37x45xf32, #nn.axes<F, D>>
  %l = nn.linear %z, %w contracts 1 : (!r, tensor<37x45xf32, #nn.axes<F, D>>) -> tensor<?x37xf32, #nn.axes<B, F>>
  %y = nn.softmax %l over "F" : (tensor<?x37xf32, #nn.axes<B, F>>) -> tensor<?x37xf32, #nn.axes<B, F>>
  return %y : tensor<?x37xf32, #nn.axes<B, F>>
}
func.func @heads(%x: !r {nn.name = "x"}, %e: tensor<?x2xi32, #nn.axes<B, A over E>> {nn.name = "e"})
    -> tensor<?x2x37xf32, #nn.axes<B, A, F>> attributes {nn.entry} {
  %y = nn.route @head(%x) by %e of 5 at "heads.{0}"
     : (!r, tensor<?x2xi32, #nn.axes<B, A over E>>) -> tensor<?x2x37xf32, #nn.axes<B, A, F>>
  return %y : tensor<?x2x37xf32, #nn.axes<B, A, F>>
}

// What moves elements within a token: [5][9] as [9][5], cut in two and joined the other way round, with a tail that is the
// same for all; and what heads of one token make of each other.
func.func private @moved(%x: !x) -> !x {
  %w = nn.weight "weight" : tensor<45x45xf32, #nn.axes<"G*K", D>>
  %h = nn.linear %x, %w contracts 1 : (!x, tensor<45x45xf32, #nn.axes<"G*K", D>>) -> !g
  %d = nn.dot %h, %h over "K" : (!g, !g) -> tensor<?x?x5xf32, #nn.axes<B, T, G>>
  %s = nn.add %h, %d : (!g, tensor<?x?x5xf32, #nn.axes<B, T, G>>) -> !g
  %r = nn.rearrange %s sources [[0], [1], [3, 2]] : (!g) -> tensor<?x?x45xf32, #nn.axes<B, T, "G*K">>
  %a, %b = nn.split %r along 2 : (tensor<?x?x45xf32, #nn.axes<B, T, "G*K">>)
        -> (tensor<?x?x20xf32, #nn.axes<B, T, P>>, tensor<?x?x25xf32, #nn.axes<B, T, Q>>)
  %t = nn.weight "tail" : tensor<20xf32, #nn.axes<P>>
  %c = nn.concat %b, %t along 2 : (tensor<?x?x25xf32, #nn.axes<B, T, Q>>, tensor<20xf32, #nn.axes<P>>) -> !x
  %e = nn.concat %b, %a along 2 : (tensor<?x?x25xf32, #nn.axes<B, T, Q>>, tensor<?x?x20xf32, #nn.axes<B, T, P>>) -> !x
  %y = nn.mul %c, %e : (!x, !x) -> !x
  return %y : !x
}
func.func @moving(%x: !x {nn.name = "x"}, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over E>> {nn.name = "e"})
    -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>> attributes {nn.entry} {
  %y = nn.route @moved(%x) by %e of 5 at "moved.{0}"
     : (!x, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
}

// Not grouped: a token's result depends on all tokens of its row.
func.func private @centered(%x: !x) -> !x {
  %w = nn.weight "weight" : tensor<45x45xf32, #nn.axes<D, D>>
  %m = nn.reduce mean %x over "T" : (!x) -> !r
  %c = nn.sub %x, %m : (!x, !r) -> !x
  %y = nn.linear %c, %w contracts 1 : (!x, tensor<45x45xf32, #nn.axes<D, D>>) -> !x
  return %y : !x
}
func.func @mixing(%x: !x {nn.name = "x"}, %e: tensor<?x?x2xi32, #nn.axes<B, T, A over E>> {nn.name = "e"})
    -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>> attributes {nn.entry} {
  %y = nn.route @centered(%x) by %e of 5 at "centered.{0}"
     : (!x, tensor<?x?x2xi32, #nn.axes<B, T, A over E>>) -> tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
  return %y : tensor<?x?x2x45xf32, #nn.axes<B, T, A, D>>
}
}
