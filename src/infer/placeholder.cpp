namespace tallfit::infer {}
