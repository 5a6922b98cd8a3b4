namespace tallfit::report {}
