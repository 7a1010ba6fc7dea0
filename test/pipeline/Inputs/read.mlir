// [[[[ ((( "
#map = affine_map<(d0) -> (d0 + 1)>
#maps = [#map, #map]
#set = affine_set<(d0) : (d0 >= 0, -d0 + 9 >= 0)>
module attributes {llvm.a = #maps, llvm.b = #set, llvm.c = "iterator_types = [\"([[\\"} {
}
