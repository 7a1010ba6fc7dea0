//===- Scan.cpp - Elaboration of recurrences ------------------------------===//
//
// scan t in T carry h: [B F] { h = f(x[t], h); yield h } becomes an nn.scan:
// its inputs are the tensors that stand as x[t], its region computes one
// position, its results are the stacks of what is yielded.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/Elaborator.h"
#include "compiler/language/Uses.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// What is known of a scan while its region is built.
struct Elaborator::Scan {
  const Statement &statement;
  SizeExpr axis;
  Region region;
  SmallVector<Value> inputs;
  SmallVector<Type> carriedTypes;
  SmallVector<Shape> carriedShapes;
  SmallVector<Value> yielded;
  /// Yielded names, and the shape of one position.
  SmallVector<std::pair<StringRef, Shape>> outputs;

  StringRef position() const { return statement.names[0].text; }
  const ExprList &yields() const { return statement.body.back().values; }
};

void Elaborator::elaborateScan(const Statement &statement) {
  Diagnostics::Topic topic(diagnostics, "recurrence");
  std::optional<SizeExpr> axis = resolveAxis(*statement.values[0]);
  bool ends = !statement.body.empty() &&
              statement.body.back().kind == Statement::Kind::Yield;
  if (!ends)
    error(statement.place, "a scan ends in yield");
  if (!axis || !ends)
    return;
  Scan scan{statement, *axis, {}, {}, {}, {}, {}, {}};
  scan.region.emplaceBlock();
  StringMap<Datum> before = scope->variables;
  unsigned errors = diagnostics.errorCount();
  if (bindScanInputs(scan) && bindCarried(scan)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&scan.region.front());
    scope->variables[scan.position()] = ScanPosition{*axis};
    ++scope->scans;
    for (const Statement &inner : ArrayRef(statement.body).drop_back())
      elaborate(inner);
    collectYielded(scan);
    --scope->scans;
    nn::YieldOp::create(builder, locationOf(statement.place), scan.yielded);
  }
  scope->variables = std::move(before);
  if (diagnostics.errorCount() == errors && emitScan(scan))
    return;
  for (const ExprPtr &value : scan.yields())
    scope->variables[value->text] = Faulty();
}

/// Makes every tensor that stands as x[t] an input, and x[t] an argument of the
/// region.
bool Elaborator::bindScanInputs(Scan &scan) {
  for (const Expr *base : indexedBy(scan.statement.body, scan.position())) {
    auto variable = scope->variables.find(base->text);
    const Tensor *tensor = variable == scope->variables.end()
                               ? nullptr
                               : std::get_if<Tensor>(&variable->second);
    if (!tensor || is_contained(scan.inputs, tensor->value))
      continue;
    if (tensor->axes().size() < 2 || !(tensor->axes()[1] == scan.axis)) {
      error(base->place, describe(tensor->shape) + " does not have " +
                             describe(scan.axis) + " as its second axis");
      return false;
    }
    Shape slice = tensor->shape;
    slice.axes.erase(slice.axes.begin() + 1);
    RankedTensorType type = typeOf(slice, base->place);
    if (!type)
      return false;
    scan.inputs.push_back(tensor->value);
    Value argument =
        scan.region.front().addArgument(type, locationOf(base->place));
    // Found again by this name; no name of the language has a bracket in it.
    scope->variables[base->text + "[" + scan.position().str() + "]"] =
        Tensor{argument, slice};
  }
  return true;
}

bool Elaborator::bindCarried(Scan &scan) {
  for (const Carried &carried : scan.statement.carried) {
    std::optional<Shape> shape = resolveType(carried.type);
    RankedTensorType type =
        shape ? typeOf(*shape, carried.type.place) : RankedTensorType();
    if (!type)
      return false;
    scan.carriedTypes.push_back(type);
    scan.carriedShapes.push_back(*shape);
    Value argument =
        scan.region.front().addArgument(type, locationOf(carried.name.place));
    scope->variables[carried.name.text] = Tensor{argument, *shape};
    tell(carried.name.place, scope->variables[carried.name.text]);
  }
  return true;
}

/// What goes to the next position, then what this one gives.
void Elaborator::collectYielded(Scan &scan) {
  for (auto [carried, shape] :
       zip(scan.statement.carried, scan.carriedShapes)) {
    const Datum &datum = scope->variables[carried.name.text];
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (tensor && tensor->shape == shape)
      scan.yielded.push_back(tensor->value);
    else if (!isFaulty(datum))
      error(carried.name.place, carried.name.text + " is carried as " +
                                    describe(shape) + ", but becomes " +
                                    describe(datum));
  }
  for (const ExprPtr &value : scan.yields()) {
    if (!value->is(Expr::Kind::Name)) {
      error(value->place,
            "found " + language::describe(*value) +
                ", needs a name, which then is the stack of its values");
      continue;
    }
    Datum datum = evaluate(*value);
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (tensor && !tensor->axes().empty()) {
      scan.yielded.push_back(tensor->value);
      scan.outputs.push_back({value->text, tensor->shape});
    } else if (!isFaulty(datum)) {
      error(value->place, "found " + describe(datum) +
                              ", needs a tensor with an axis for the rows");
    }
  }
}

/// What is carried over a session is kept under a path of its own: in a block
/// the path of its call comes before it, in an entry its name; after it the
/// turns of the loops around it.
std::string Elaborator::pathOfScan() {
  std::string path = "scan";
  if (scope->function->hasAttr(nn::NNDialect::kEntryAttr))
    path = (scope->function.getName() + "." + path).str();
  if (unsigned earlier = scope->scansSoFar++)
    path += std::to_string(earlier);
  for (unsigned loop = 0; loop < scope->loops.size(); ++loop)
    path += ".{" + std::to_string(loop) + "}";
  return path;
}

bool Elaborator::emitScan(Scan &scan) {
  SmallVector<Type> types;
  for (auto &[name, shape] : scan.outputs) {
    shape.axes.insert(shape.axes.begin() + 1, scan.axis);
    types.push_back(typeOf(shape, scan.statement.place));
    if (!types.back())
      return false;
  }
  auto op = nn::ScanOp::create(
      builder, locationOf(scan.statement.place), types, scan.inputs,
      describe(scan.axis), scan.statement.isReversed, scan.statement.isAnew,
      pathOfScan(),
      /*absolute=*/false, builder.getTypeArrayAttr(scan.carriedTypes),
      scope->loops);
  op.getBody().takeBody(scan.region);
  for (auto [output, value] : zip(scan.outputs, op.getResults()))
    scope->variables[output.first] = Tensor{value, output.second};
  return true;
}

} // namespace heddle::language
