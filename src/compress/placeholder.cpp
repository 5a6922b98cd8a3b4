namespace tallfit::compress {}
