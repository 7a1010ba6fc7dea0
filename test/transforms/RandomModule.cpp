//===- RandomModule.cpp - random functions of nn, as text -----------------===//

#include "test/transforms/RandomModule.h"
#include <random>
#include <vector>

namespace {

/// Types by number; products go from 0 to 1, from 1 to 0 and from 0 to 0.
constexpr const char *types[] = {
    "tensor<?x?x3xf32, #nn.axes<B, T, D>>",
    "tensor<?x?x5xf32, #nn.axes<B, T, E>>",
    "tensor<?x3xf32, #nn.axes<B, D>>",
};
struct Map {
  int from, to;
  const char *weight;
};
constexpr Map maps[] = {{0, 1, "tensor<5x3xf32, #nn.axes<E, D>>"},
                        {1, 0, "tensor<3x5xf32, #nn.axes<D, E>>"},
                        {0, 0, "tensor<3x3xf32, #nn.axes<D, D>>"}};

struct Value {
  std::string name;
  int type;
};
using Values = std::vector<Value>;

class Writer {
public:
  explicit Writer(unsigned seed) : random(seed) {}

  std::string write() {
    text = "nn.size @B in 1 to 4\nnn.size @T in 1 to 6 per @B\n";
    writeFunction("inner", false);
    writeFunction("outer", true);
    writeFunction("entry", true);
    return text;
  }

private:
  int draw(int count) { return static_cast<int>(random() % count); }
  std::string fresh() { return "%v" + std::to_string(number++); }

  /// One of the type, an old one as likely as a new one; made if need be.
  std::string one(int type, Values &values) {
    std::vector<std::string> fitting;
    for (const Value &value : values)
      if (value.type == type)
        fitting.push_back(value.name);
    if (!fitting.empty())
      return fitting[draw(fitting.size())];
    // Every function has a value of type 0 to begin with.
    if (type == 1)
      return product(maps[0], values);
    std::string name = fresh(), x = one(0, values);
    line(name + " = nn.reduce mean " + x + " over \"T\" : (" + types[0] +
         ") -> " + types[2]);
    values.push_back({name, 2});
    return name;
  }

  void line(const std::string &op) { text += space + op + "\n"; }

  std::string product(const Map &map, Values &values) {
    std::string x = one(map.from, values), weight = fresh(), name = fresh();
    line(weight + " = nn.weight \"" + weight.substr(1) + "\" : " + map.weight);
    line(name + " = nn.linear " + x + ", " + weight + " contracts 1 : (" +
         types[map.from] + ", " + map.weight + ") -> " + types[map.to]);
    values.push_back({name, map.to});
    return name;
  }

  void unary(Values &values) {
    static constexpr const char *ops[] = {"relu", "exp", "neg", "tanh"};
    int type = draw(3);
    std::string x = one(type, values), name = fresh();
    line(name + " = nn." + ops[draw(4)] + " " + x + " : " + types[type]);
    values.push_back({name, type});
  }

  void binary(int type, const std::string &x, const std::string &y,
              Values &values) {
    std::string name = fresh();
    line(name + " = nn.add " + x + ", " + y + " : (" + types[type] + ", " +
         types[type] + ") -> " + types[type]);
    values.push_back({name, type});
  }

  void call(Values &values) {
    if (callees.empty())
      return;
    std::string x = one(0, values), name = fresh();
    const std::string &callee = callees[draw(callees.size())];
    line(name + " = nn.call @" + callee + "(" + x + ") at \"" + name.substr(1) +
         "\" : (" + types[0] + ") -> " + types[0]);
    values.push_back({name, 0});
  }

  void loop(Values &values, unsigned depth) {
    std::string result = fresh(), index = fresh();
    std::vector<int> carried(1 + draw(3));
    std::string inits, typeList;
    Values inside = values;
    for (int &type : carried) {
      type = draw(2);
      std::string init = one(type, values), argument = fresh();
      inits += (inits.empty() ? "" : ", ") + argument + " = " + init;
      typeList += (typeList.empty() ? "" : ", ") + std::string(types[type]);
      inside.push_back({argument, type});
    }
    // What `one` has just made is outside of the loop.
    inside.insert(inside.begin(), values.begin(), values.end());
    bool single = carried.size() == 1;
    line(result + (single ? "" : ":" + std::to_string(carried.size())) +
         " = scf.for " + index + " = %first to %last step %one iter_args(" +
         inits + ") -> (" + typeList + ") {");
    space += "  ";
    statements(inside, 1 + draw(4), depth + 1);
    std::string yields;
    for (int type : carried)
      yields += (yields.empty() ? "" : ", ") + one(type, inside);
    line("scf.yield " + yields + " : " + typeList);
    space.resize(space.size() - 2);
    line("}");
    for (size_t i = 0; i < carried.size(); ++i)
      values.push_back(
          {single ? result : result + "#" + std::to_string(i), carried[i]});
  }

  void statements(Values &values, int count, unsigned depth) {
    for (int i = 0; i < count; ++i) {
      switch (draw(8)) {
      case 0:
      case 1:
        unary(values);
        break;
      case 2: {
        int type = draw(3);
        std::string x = one(type, values), y = one(type, values);
        binary(type, x, y, values);
        break;
      }
      case 3:
      case 4: { // becomes the residual of the product, where that may be
        const Map &map = maps[draw(3)];
        std::string residual = one(map.to, values);
        std::string y = product(map, values);
        binary(map.to, y, residual, values);
        break;
      }
      case 5: {
        std::string x = one(0, values), name = fresh();
        line(name + " = nn.softmax " + x + " over \"D\" : (" + types[0] +
             ") -> " + types[0]);
        values.push_back({name, 0});
        break;
      }
      case 6:
        call(values);
        break;
      case 7:
        if (depth < 2)
          loop(values, depth);
        break;
      }
    }
  }

  void writeFunction(const std::string &name, bool hasCallees) {
    bool isEntry = name == "entry";
    int results = isEntry ? 1 + draw(3) : 1;
    number = 0;
    Values values = {{"%x", 0}};
    std::string body, head = text;
    text.clear();
    space = "  ";
    line("%first = arith.constant 0 : index");
    line("%last = arith.constant 3 : index");
    line("%one = arith.constant 1 : index");
    statements(values, 3 + draw(isEntry ? 9 : 4), 0);
    std::string returned, typeList;
    for (int i = 0; i < results; ++i) {
      int type = isEntry ? draw(3) : 0;
      returned += (i ? ", " : "") + one(type, values);
      typeList += (i ? ", " : "") + std::string(types[type]);
    }
    line("return " + returned + " : " + typeList);
    text = head + "func.func " + (isEntry ? "" : "private ") + "@" + name +
           "(%x: " + types[0] + ") -> (" + typeList + ")" +
           (isEntry ? " attributes {nn.entry}" : "") + " {\n" + text + "}\n";
    callees.push_back(name);
  }

  std::mt19937 random;
  std::string text, space;
  std::vector<std::string> callees;
  unsigned number = 0;
};

} // namespace

std::string heddle::test::randomModule(unsigned seed) {
  return Writer(seed).write();
}
