//===- Graph.cpp - the graph of each function -----------------------------===//
//
// Tensors alone are edges: arithmetic on a loop's index is left out, and a
// weight is part of who reads it.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/Graph.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::json::Array;
using llvm::json::Object;
using mlir::RankedTensorType;
using mlir::Value;

namespace {

class GraphWriter {
public:
  GraphWriter(mlir::AsmState &names, Places &places)
      : names(names), places(places) {}

  Object function(mlir::func::FuncOp function) {
    numbers.clear();
    values = {};
    givenNames.clear();
    for (auto [number, argument] : llvm::enumerate(function.getArguments()))
      if (auto name = function.getArgAttrOfType<mlir::StringAttr>(
              number, nn::NNDialect::kNameAttr))
        givenNames[argument] = name.getValue();
    Object body = bodyOf(function.getBody().front());
    return Object{{"name", jsonText(function.getName())},
                  {"entry", function->hasAttr(nn::NNDialect::kEntryAttr)},
                  {"places", places.of(function.getLoc())},
                  {"body", std::move(body)},
                  {"values", std::move(values)}};
  }

private:
  static bool isEdge(Value value) {
    if (value.getDefiningOp<nn::WeightOp>() ||
        value.getDefiningOp<nn::ConstantOp>())
      return false;
    auto type = mlir::dyn_cast<RankedTensorType>(value.getType());
    return type && mlir::isa_and_nonnull<nn::AxesAttr>(type.getEncoding());
  }

  unsigned numberOf(Value value) {
    auto [entry, isNew] = numbers.try_emplace(value, numbers.size());
    if (!isNew)
      return entry->second;
    unsigned number = entry->second;
    std::string name, type;
    llvm::raw_string_ostream nameStream(name), typeStream(type);
    if (llvm::StringRef given = givenNames.lookup(value); !given.empty())
      nameStream << given;
    else
      value.printAsOperand(nameStream, names);
    nn::AxesAttr axes = nn::axesOf(value);
    typeStream
        << mlir::cast<RankedTensorType>(value.getType()).getElementType();
    values.push_back(Array{jsonText(name), jsonText(axes.str()), type});
    return number;
  }

  Array numbersOf(mlir::ValueRange range) {
    Array array;
    for (Value value : range)
      if (isEdge(value))
        array.push_back(numberOf(value));
    return array;
  }

  static bool isNode(mlir::Operation &op) {
    if (mlir::isa<nn::WeightOp, nn::ConstantOp>(op) ||
        op.hasTrait<mlir::OpTrait::IsTerminator>())
      return false;
    return mlir::isa<nn::NNDialect>(op.getDialect()) ||
           mlir::isa<mlir::scf::ForOp>(op);
  }

  Object bodyOf(mlir::Block &block) {
    Array inputs = numbersOf(block.getArguments()), nodes;
    for (mlir::Operation &op : block)
      if (isNode(op))
        nodes.push_back(node(op));
    return Object{{"in", std::move(inputs)},
                  {"nodes", std::move(nodes)},
                  {"out", numbersOf(block.getTerminator()->getOperands())}};
  }

  Object node(mlir::Operation &op) {
    Object node{{"op", op.getName().stripDialect()},
                {"in", numbersOf(op.getOperands())},
                {"out", numbersOf(op.getResults())},
                {"places", places.of(op.getLoc())}};
    if (Array weights = weightsOf(op); !weights.empty())
      node["weights"] = std::move(weights);
    if (auto site = op.getAttrOfType<mlir::IntegerAttr>(nn::kSiteAttr))
      node["site"] = site.getInt();
    if (mlir::FlatSymbolRefAttr callee = nn::calleeOf(&op))
      node["callee"] = jsonText(callee.getValue());
    if (auto path = op.getAttrOfType<mlir::StringAttr>("path"))
      node["at"] = jsonText(path.getValue());
    if (auto state = op.getAttrOfType<mlir::FlatSymbolRefAttr>("state"))
      node["state"] = jsonText(state.getValue());
    if (auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op)) {
      node["op"] = "for";
      node["turns"] = turnsText(loop);
      node["body"] = bodyOf(*loop.getBody());
    } else if (auto scan = mlir::dyn_cast<nn::ScanOp>(op)) {
      node["turns"] = jsonText(scan.getAxis());
      node["body"] = bodyOf(scan.getBody().front());
    } else if (Array inner = opsWithin(op); !inner.empty()) {
      node[op.hasTrait<nn::AboutPairs>() ? "where" : "then"] = std::move(inner);
    }
    return node;
  }

  static std::string turnsText(mlir::scf::ForOp loop) {
    auto lower = mlir::getConstantIntValue(loop.getLowerBound()),
         upper = mlir::getConstantIntValue(loop.getUpperBound());
    return lower && upper
               ? (llvm::Twine(*lower) + ".." + llvm::Twine(*upper - 1)).str()
               : "";
  }

  static Array weightsOf(mlir::Operation &op) {
    Array array;
    for (Value operand : op.getOperands())
      if (auto weight = operand.getDefiningOp<nn::WeightOp>())
        for (unsigned part = 0; part < weight.getPartCount(); ++part)
          array.push_back(jsonText(weight.getPartPath(part)));
    return array;
  }

  /// What a region computes of a number or of a pair of positions.
  static Array opsWithin(mlir::Operation &op) {
    Array array;
    for (mlir::Region &region : op.getRegions())
      for (mlir::Operation &inner : region.getOps())
        if (!inner.hasTrait<mlir::OpTrait::IsTerminator>() &&
            !inner.hasTrait<mlir::OpTrait::ConstantLike>())
          array.push_back(inner.getName().stripDialect());
    return array;
  }

  mlir::AsmState &names;
  Places &places;
  llvm::DenseMap<Value, unsigned> numbers;
  /// Of inputs of entries, as the model file has them.
  llvm::DenseMap<Value, llvm::StringRef> givenNames;
  Array values;
};

} // namespace

Array explain::graphsOf(mlir::ModuleOp module, Places &places) {
  mlir::AsmState names(module);
  GraphWriter writer(names, places);
  Array graphs;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (!function.isDeclaration())
      graphs.push_back(writer.function(function));
  return graphs;
}
