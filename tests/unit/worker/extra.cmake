# The client's tests start this program as their worker.
add_dependencies(unit_worker scripted_worker)
target_compile_definitions(unit_worker PRIVATE SCRIPTED_WORKER="$<TARGET_FILE:scripted_worker>")
target_compile_definitions(unit_worker PRIVATE
  WORKER_PROTOCOL_DOCUMENT="${PROJECT_SOURCE_DIR}/docs/worker_protocol.md")
