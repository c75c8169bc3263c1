extension TriangleMesh {
  /// Returns the contents of a COLLADA file, version 1.4.1, of the mesh: one geometry in a scene whose third axis is
  /// up, in metres.
  public func daeBytes() -> [UInt8] {
    var positions: [UInt8] = []
    positions.reserveCapacity(60 * vertices.count)
    for vertex in vertices { positions += "\(vertex.x) \(vertex.y) \(vertex.z)\n".utf8 }
    var corners: [UInt8] = []
    corners.reserveCapacity(24 * triangles.count)
    for triangle in triangles { corners += "\(triangle.x) \(triangle.y) \(triangle.z)\n".utf8 }

    // The dates that the format demands are constants, so that the same mesh gives the same bytes.
    let start = """
      <?xml version="1.0" encoding="utf-8"?>
      <COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
        <asset>
          <created>2000-01-01T00:00:00Z</created>
          <modified>2000-01-01T00:00:00Z</modified>
          <unit name="meter" meter="1"/>
          <up_axis>Z_UP</up_axis>
        </asset>
        <library_geometries>
          <geometry id="mesh" name="mesh">
            <mesh>
              <source id="mesh-positions">
                <float_array id="mesh-positions-array" count="\(3 * vertices.count)">

      """
    let middle = """
      </float_array>
                <technique_common>
                  <accessor source="#mesh-positions-array" count="\(vertices.count)" stride="3">
                    <param name="X" type="float"/>
                    <param name="Y" type="float"/>
                    <param name="Z" type="float"/>
                  </accessor>
                </technique_common>
              </source>
              <vertices id="mesh-vertices">
                <input semantic="POSITION" source="#mesh-positions"/>
              </vertices>
              <triangles count="\(triangles.count)">
                <input semantic="VERTEX" source="#mesh-vertices" offset="0"/>
                <p>

      """
    let end = """
      </p>
              </triangles>
            </mesh>
          </geometry>
        </library_geometries>
        <library_visual_scenes>
          <visual_scene id="scene" name="scene">
            <node id="node" name="mesh">
              <instance_geometry url="#mesh"/>
            </node>
          </visual_scene>
        </library_visual_scenes>
        <scene>
          <instance_visual_scene url="#scene"/>
        </scene>
      </COLLADA>

      """
    return Array(start.utf8) + positions + Array(middle.utf8) + corners + Array(end.utf8)
  }
}
