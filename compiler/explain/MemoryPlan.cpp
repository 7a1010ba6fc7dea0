//===- MemoryPlan.cpp - what lies where in the arena, and when ------------===//
//
// The pass writes places and not times; these follow from the uses, as the pass
// counts them: in program order, a loop after its body, and what lives outside
// of a loop that reads it until the loop's end.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/MemoryPlan.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::json::Array;
using llvm::json::Object;
using mlir::RankedTensorType;
using mlir::Value;

namespace {

class PlanReader {
public:
  PlanReader(mlir::func::FuncOp function, const nn::SizeTable &sizes,
             mlir::AsmState &names, Places &places)
      : function(function), sizes(sizes), names(names), places(places) {}

  Object read() {
    number(function.getBody().front());
    addBars(function.getBody().front());
    Array buffers;
    for (mlir::Attribute bytes :
         function->getAttrOfType<mlir::ArrayAttr>(nn::kBuffersAttr))
      buffers.push_back(
          jsonText(mlir::cast<mlir::StringAttr>(bytes).getValue()));
    return Object{
        {"name", jsonText(function.getName())},
        {"entry", function->hasAttr(nn::NNDialect::kEntryAttr)},
        {"arena",
         jsonText(function->getAttrOfType<mlir::StringAttr>(nn::kArenaAttr)
                      .getValue())},
        {"buffers", std::move(buffers)},
        {"steps", std::move(steps)},
        {"bars", std::move(bars)},
        {"calls", std::move(calls)}};
  }

private:
  static mlir::Block *bodyOf(mlir::Operation &op) {
    if (auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op))
      return loop.getBody();
    if (auto scan = mlir::dyn_cast<nn::ScanOp>(op))
      return &scan.getBody().front();
    return nullptr;
  }

  /// Only what holds or calls something is a step.
  void number(mlir::Block &block) {
    for (mlir::Operation &op : block) {
      int64_t before = steps.size();
      if (mlir::Block *body = bodyOf(op))
        number(*body);
      mlir::FlatSymbolRefAttr callee = nn::calleeOf(&op);
      if (op.hasAttr(nn::kPlacesAttr) || callee) {
        if (callee)
          calls.push_back(Array{steps.size(), jsonText(callee.getValue())});
        steps.push_back(Array{labelOf(op), places.of(op.getLoc())});
      }
      begin[&op] = std::min<int64_t>(before, lastStep());
      end[&op] = lastStep();
    }
  }

  int64_t lastStep() const { return std::max<int64_t>(steps.size(), 1) - 1; }

  std::string labelOf(mlir::Operation &op) {
    std::string label = op.getName().stripDialect().str();
    if (mlir::isa<mlir::scf::ForOp>(op))
      label = "end of loop";
    for (Value operand : op.getOperands())
      if (auto weight = operand.getDefiningOp<nn::WeightOp>())
        return jsonText(label + " " + weight.getPath());
    return label;
  }

  int64_t lastUse(Value value) {
    int64_t last = 0;
    for (mlir::Operation *user : value.getUsers())
      if (mlir::Operation *ancestor =
              value.getParentBlock()->findAncestorOpInBlock(*user))
        last = std::max(last, end.lookup(ancestor));
    return last;
  }

  std::string nameOf(Value value) {
    std::string name;
    llvm::raw_string_ostream os(name);
    value.printAsOperand(os, names);
    return jsonText(name);
  }

  void addBar(int64_t place, int64_t from, int64_t to, const std::string &name,
              const nn::SizeExpr &bytes, llvm::StringRef kind) {
    if (place >= 0)
      bars.push_back(
          Array{place, from, std::max(from, to), name, bytes.str(), kind});
  }

  void addBars(mlir::Block &block) {
    for (mlir::Operation &op : block) {
      if (auto list =
              op.getAttrOfType<mlir::DenseI64ArrayAttr>(nn::kPlacesAttr))
        addBarsOf(op, list);
      if (mlir::Block *body = bodyOf(op))
        addBars(*body);
    }
  }

  /// The results come first, then what is needed while the op runs.
  void addBarsOf(mlir::Operation &op, llvm::ArrayRef<int64_t> list) {
    bool isLoop = mlir::isa<mlir::scf::ForOp>(op);
    for (Value result : op.getResults()) {
      auto type = mlir::dyn_cast<RankedTensorType>(result.getType());
      if (!type || list.empty())
        continue;
      addBar(list.front(), begin[&op], std::max(lastUse(result), end[&op]),
             nameOf(result), sizes.bytes(type), isLoop ? "carried" : "value");
      list = list.drop_front();
    }
    for (const nn::ScratchBuffer &buffer : nn::scratchOf(&op, sizes)) {
      if (list.empty())
        break;
      addBar(list.front(), begin[&op], end[&op], buffer.name, buffer.bytes,
             "scratch");
      list = list.drop_front();
    }
  }

  mlir::func::FuncOp function;
  const nn::SizeTable &sizes;
  mlir::AsmState &names;
  Places &places;
  Array steps, bars, calls;
  llvm::DenseMap<mlir::Operation *, int64_t> begin, end;
};

} // namespace

Array explain::memoryPlanOf(mlir::ModuleOp module, Places &places) {
  nn::SizeTable sizes(module);
  mlir::AsmState names(module);
  Array plan;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (!function.isDeclaration() && function->hasAttr(nn::kBuffersAttr) &&
        function->hasAttr(nn::kArenaAttr))
      plan.push_back(PlanReader(function, sizes, names, places).read());
  return plan;
}
