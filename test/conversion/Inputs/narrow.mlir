// Products of every shape with weights that --dtype and --quant may narrow; narrow.py says what they give. 301 inputs are no
// whole number of groups, lines or dot products; 69, 37 and 5 outputs no whole panels.
!x = tensor<?x?x301xf32, #nn.axes<B, T, D>>
!e = tensor<?x?x37xf32, #nn.axes<B, T, E>>
!f = tensor<?x?x5xf32, #nn.axes<B, T, F>>
!v = tensor<?x?x69xf32, #nn.axes<B, T, V>>

module attributes {nn.model = "narrow"} {
nn.size @D = 301
nn.size @E = 37
nn.size @F = 5
nn.size @V = 69
nn.size @B in 1 to 8
nn.size @T in 1 to 40 per @B

func.func @groups(%x: !x {nn.name = "x"}) -> (!e, !f) attributes {nn.entry} {
  %w = nn.weight "groups.weight" : tensor<42x301xf32, #nn.axes<"E+F", D>>
  %b = nn.weight "groups.bias" : tensor<42xf32, #nn.axes<"E+F">>
  %y, %z = nn.linear %x, %w bias %b contracts 1 : (!x, tensor<42x301xf32, #nn.axes<"E+F", D>>, tensor<42xf32, #nn.axes<"E+F">>) -> (!e, !f)
  return %y, %z : !e, !f
}
func.func @turned(%x: !x {nn.name = "x"}) -> !v attributes {nn.entry} {
  %w = nn.weight "turned.weight" : tensor<301x69xf32, #nn.axes<D, V>>
  %y = nn.linear %x, %w contracts 1 in_out then {
  ^bb0(%sum: f32):
    %0 = scalar.relu %sum
    nn.yield %0 : f32
  } : (!x, tensor<301x69xf32, #nn.axes<D, V>>) -> !v
  return %y : !v
}
func.func @tied(%ids: tensor<?x?xi32, #nn.axes<B, T over V>> {nn.name = "ids"}) -> (!x, !v) attributes {nn.entry} {
  %t = nn.weight "tied.weight" : tensor<69x301xf32, #nn.axes<V, D>>
  %x = nn.embed %ids, %t : (tensor<?x?xi32, #nn.axes<B, T over V>>, tensor<69x301xf32, #nn.axes<V, D>>) -> !x
  %y = nn.linear %x, %t contracts 1 : (!x, tensor<69x301xf32, #nn.axes<V, D>>) -> !v
  return %x, %y : !x, !v
}
}
